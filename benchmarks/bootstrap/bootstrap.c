/* A bootstrap for provided runtimes: one connection to the Runtime API, one event after the other, each sent back.
 * As small as what a compiled function brings. It reads what our API writes: numeric addresses, a Content-Length. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 1 << 16, ID_LENGTH = 36 };

static int connect_to(char *address)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int on = 1, api = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *colon = strchr(address, ':');
	if (!colon)
		exit(2);
	at.sin_port = htons((uint16_t)atoi(colon + 1));
	*colon = 0;
	if (inet_pton(AF_INET, address, &at.sin_addr) != 1 || connect(api, (struct sockaddr *)&at, sizeof at))
		exit(3);
	setsockopt(api, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return api;
}

static void send_all(int api, const char *bytes, size_t length)
{
	if (send(api, bytes, length, MSG_NOSIGNAL) != (ssize_t)length)
		exit(4);
}

/* The value of a header, or the end of the program. */
static char *value_of(char *head, const char *name)
{
	char *line = strcasestr(head, name);
	if (!line)
		exit(5);
	return line + strlen(name) + strspn(line + strlen(name), ": ");
}

/* Reads one answer; its body stands behind its head, both ended by a zero. */
static char *receive(int api, char in[ROOM])
{
	size_t held = 0;
	for (;;) {
		ssize_t got = recv(api, in + held, ROOM - 1 - held, 0);
		if (got <= 0)
			exit(0);
		held += (size_t)got;
		in[held] = 0;
		char *end = strstr(in, "\r\n\r\n");
		if (end && held >= (size_t)(end + 4 - in) + strtoul(value_of(in, "content-length"), NULL, 10)) {
			*end = 0;
			return end + 4;
		}
	}
}

int main(void)
{
	static char in[ROOM], out[ROOM], next[256];
	char *address = getenv("AWS_LAMBDA_RUNTIME_API");
	if (!address)
		return 1;
	snprintf(next, sizeof next, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: %s\r\n\r\n", address);
	int api = connect_to(address);
	for (;;) {
		send_all(api, next, strlen(next));
		char *event = receive(api, in);
		int length = snprintf(out, sizeof out,
				      "POST /2018-06-01/runtime/invocation/%.*s/response HTTP/1.1\r\nHost: %s\r\n"
				      "Content-Length: %zu\r\n\r\n%s",
				      ID_LENGTH, value_of(in, "lambda-runtime-aws-request-id"), address, strlen(event), event);
		send_all(api, out, (size_t)length);
		receive(api, in);
	}
}
