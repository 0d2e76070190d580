/* Bytes on their way in or out of a non-blocking descriptor. */
#ifndef BUFFER_H
#define BUFFER_H

#include <stddef.h>
#include <sys/uio.h>

struct buffer {
	char *bytes;
	size_t length, room;
};

enum buffer_result { BUFFER_CLOSED = -1, BUFFER_AGAIN, BUFFER_MOVED };

/* Reads once, as much as there is; the bytes stay NUL-terminated. */
enum buffer_result buffer_fill(struct buffer *buffer, int fd);

/* Drops the first bytes. */
void buffer_drop(struct buffer *buffer, size_t length);

/* Writes the parts now, in one system call, and keeps what did not go out for buffer_flush. */
enum buffer_result buffer_send(struct buffer *buffer, int fd, const struct iovec *parts, int count);

/* Writes what was kept: MOVED when all of it has gone, AGAIN when not. */
enum buffer_result buffer_flush(struct buffer *buffer, int fd);

#endif
