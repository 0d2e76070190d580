#define _GNU_SOURCE
#include "response.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The value of a header line if it has this name, else NULL. */
static const char *header_value(const char *line, const char *name)
{
	size_t length = strlen(name);
	if (strncasecmp(line, name, length) || line[length] != ':')
		return NULL;
	line += length + 1;
	return line + strspn(line, " \t");
}

static enum response_state join_chunks(char *from, const char *end, struct response *response)
{
	char *to = from;
	response->body = from;
	/* First see whether all of it is there: nothing may move before that. */
	for (int moving = 0; moving < 2; moving++) {
		for (char *at = response->body;;) {
			char *after;
			if (!memmem(at, (size_t)(end - at), "\r\n", 2))
				return RESPONSE_PARTIAL;
			unsigned long size = strtoul(at, &after, 16);
			after = strstr(after, "\r\n") + 2;
			if ((size_t)(end - after) < size + 2)
				return RESPONSE_PARTIAL;
			if (!size)
				break;
			if (moving) {
				memmove(to, after, size);
				to += size;
			}
			at = after + size + 2;
		}
	}
	response->body_length = (size_t)(to - response->body);
	return RESPONSE_COMPLETE;
}

enum response_state response_read(char *bytes, size_t length, struct response *response)
{
	char *end = bytes + length, *headers_end = memmem(bytes, length, "\r\n\r\n", 4);
	int chunked = 0;
	if (!headers_end)
		return RESPONSE_PARTIAL;
	memset(response, 0, sizeof *response);
	if (sscanf(bytes, "HTTP/1.1 %d", &response->status) != 1)
		return RESPONSE_BROKEN;
	response->body = headers_end + 4;
	for (char *line = bytes; line < headers_end; line = strstr(line, "\r\n") + 2) {
		const char *value;
		if ((value = header_value(line, "content-length")))
			response->body_length = strtoul(value, NULL, 10);
		else if ((value = header_value(line, "transfer-encoding")))
			chunked = !strncasecmp(value, "chunked", 7);
		else if ((value = header_value(line, "connection")))
			response->close = !strncasecmp(value, "close", 5);
		else if (header_value(line, "x-amz-function-error"))
			response->function_error = 1;
	}
	if (chunked)
		return join_chunks(response->body, end, response);
	return (size_t)(end - response->body) < response->body_length ? RESPONSE_PARTIAL : RESPONSE_COMPLETE;
}
