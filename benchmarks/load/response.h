/* Just enough of HTTP/1.1 to read an answer: status line, Content-Length or chunked, Connection: close. */
#ifndef RESPONSE_H
#define RESPONSE_H

#include <stddef.h>

struct response {
	int status;
	int close;          /* the server ends the connection after this answer */
	int function_error; /* X-Amz-Function-Error is there: the function failed */
	char *body;
	size_t body_length;
};

enum response_state { RESPONSE_BROKEN = -1, RESPONSE_PARTIAL, RESPONSE_COMPLETE };

/* Looks at what has come so far (`bytes` is NUL-terminated). A complete chunked body is joined up in place. */
enum response_state response_read(char *bytes, size_t length, struct response *response);

#endif
