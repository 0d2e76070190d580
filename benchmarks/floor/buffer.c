#define _GNU_SOURCE
#include "buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { READ_SIZE = 1 << 16 };

static void reserve(struct buffer *buffer, size_t more)
{
	if (buffer->room - buffer->length > more)
		return;
	while (buffer->room - buffer->length <= more)
		buffer->room = buffer->room ? 2 * buffer->room : READ_SIZE + 1;
	buffer->bytes = realloc(buffer->bytes, buffer->room);
	if (!buffer->bytes)
		abort();
}

enum buffer_result buffer_fill(struct buffer *buffer, int fd)
{
	if (buffer->room - buffer->length < READ_SIZE / 4)
		reserve(buffer, READ_SIZE);
	ssize_t got = recv(fd, buffer->bytes + buffer->length, buffer->room - buffer->length - 1, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return BUFFER_AGAIN;
	if (got <= 0)
		return BUFFER_CLOSED;
	buffer->length += (size_t)got;
	buffer->bytes[buffer->length] = 0;
	return BUFFER_MOVED;
}

void buffer_drop(struct buffer *buffer, size_t length)
{
	buffer->length -= length;
	if (buffer->length)
		memmove(buffer->bytes, buffer->bytes + length, buffer->length);
	if (buffer->bytes)
		buffer->bytes[buffer->length] = 0;
}

enum buffer_result buffer_send(struct buffer *buffer, int fd, const struct iovec *parts, int count)
{
	struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count };
	ssize_t sent = 0;
	if (!buffer->length) {
		sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return BUFFER_CLOSED;
		if (sent < 0)
			sent = 0;
	}
	for (int i = 0; i < count; i++) {
		size_t gone = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
		size_t left = parts[i].iov_len - gone;
		sent -= (ssize_t)gone;
		if (!left)
			continue;
		reserve(buffer, left);
		memcpy(buffer->bytes + buffer->length, (char *)parts[i].iov_base + gone, left);
		buffer->length += left;
	}
	return buffer->length ? BUFFER_AGAIN : BUFFER_MOVED;
}

enum buffer_result buffer_flush(struct buffer *buffer, int fd)
{
	struct iovec all = { buffer->bytes, buffer->length };
	struct msghdr message = { .msg_iov = &all, .msg_iovlen = 1 };
	ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		return BUFFER_CLOSED;
	if (sent > 0)
		buffer_drop(buffer, (size_t)sent);
	return buffer->length ? BUFFER_AGAIN : BUFFER_MOVED;
}
