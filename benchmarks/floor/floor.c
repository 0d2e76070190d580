/* The floor: what an invoke costs when nothing is done but carry it. One thread, epoll, HTTP/1.1 in, the frames of
 * docs/design.md 4.1 to Python children, one invocation at a time in each, idle ones last in, first out. No
 * authentication, no log lines, no limits, no isolation: every microsecond above this is what a platform adds.
 *
 *   floor PYTHON CHILD.PY TASK_ROOT HANDLER   prints "port N" and serves until it is killed
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"

/* AWS's limit for a synchronous event is 6 MB; the rest is room for headers. */
enum { MAX_REQUEST = (6 << 20) + (64 << 10), MAX_CHILDREN = 256, MAX_EVENTS = 256, ID_LENGTH = 16 };

enum frame_type { READY, ASSIGN, INIT_DONE, INVOKE, RESULT, ERROR };

struct __attribute__((packed)) frame {
	uint32_t length;
	uint8_t type;
	uint8_t id[ID_LENGTH];
	uint64_t deadline_ms;
};

/* What epoll knows: the listener, a client's connection or a child's socket. */
struct endpoint {
	enum { LISTENER, CLIENT, CHILD } kind;
	int fd, writing, dead;
	struct buffer in, out;
	struct endpoint *peer; /* the child that works for this client, the client that this child works for */
	struct endpoint *next; /* in the queue of waiting clients, the stack of idle children, the list of dead */
	size_t request_length, body_at;
	uint8_t id[ID_LENGTH];
};

struct queue {
	struct endpoint *first, **last;
};

struct server {
	int epoll, children;
	char *child_command[8];
	const char *handler;
	struct queue waiting;
	struct endpoint *idle, *dead;
	uint64_t random[2];
};

extern char **environ;

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct endpoint *watch(struct server *server, int kind, int fd)
{
	struct endpoint *endpoint = calloc(1, sizeof *endpoint);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = endpoint };
	if (!endpoint || epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event))
		die("watch");
	endpoint->kind = kind;
	endpoint->fd = fd;
	return endpoint;
}

static void hang_up(struct endpoint *endpoint)
{
	if (endpoint->dead)
		return;
	endpoint->dead = 1;
	close(endpoint->fd);
	endpoint->fd = -1;
}

/* Events of the same batch may still name it: it is freed when the batch is done. */
static void discard(struct server *server, struct endpoint *endpoint)
{
	hang_up(endpoint);
	endpoint->next = server->dead;
	server->dead = endpoint;
}

static void transmit(struct server *server, struct endpoint *endpoint, const struct iovec *parts, int count)
{
	if (endpoint->dead)
		return;
	enum buffer_result result = parts ? buffer_send(&endpoint->out, endpoint->fd, parts, count)
					  : buffer_flush(&endpoint->out, endpoint->fd);
	int writing = result == BUFFER_AGAIN;
	if (writing == endpoint->writing)
		return; /* a broken descriptor is noticed by its next read */
	struct epoll_event event = { .events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = endpoint };
	epoll_ctl(server->epoll, EPOLL_CTL_MOD, endpoint->fd, &event);
	endpoint->writing = writing;
}

static void respond(struct server *server, struct endpoint *client, int status, const char *reason,
		    const char *extra, const char *body, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	char head[320], id[2 * ID_LENGTH + 1] = { 0 };
	for (int i = 0; i < ID_LENGTH; i++) {
		id[2 * i] = digits[client->id[i] >> 4];
		id[2 * i + 1] = digits[client->id[i] & 15];
	}
	int size = snprintf(head, sizeof head,
			    "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nx-amzn-RequestId: %s\r\n%s"
			    "Content-Length: %zu\r\n\r\n",
			    status, reason, id, extra, length);
	struct iovec parts[] = { { head, (size_t)size }, { (char *)body, length } };
	buffer_drop(&client->in, client->request_length);
	client->request_length = 0;
	transmit(server, client, parts, 2);
}

static void refuse(struct server *server, struct endpoint *client, int status, const char *reason)
{
	respond(server, client, status, reason, "", "{}", 2);
}

/* --- children ------------------------------------------------------------------------------------------------- */

static void send_frame(struct server *server, struct endpoint *child, enum frame_type type, const void *first,
		       size_t first_length, const void *second, size_t second_length)
{
	struct frame frame = { .length = (uint32_t)(first_length + second_length), .type = (uint8_t)type };
	memcpy(frame.id, child->id, ID_LENGTH);
	struct iovec parts[] = { { &frame, sizeof frame },
				 { (void *)first, first_length },
				 { (void *)second, second_length } };
	transmit(server, child, parts, 3);
}

static void start_child(struct server *server)
{
	int pair[2];
	pid_t pid;
	posix_spawn_file_actions_t actions;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1 /* O_WRONLY */, 0);
	posix_spawn_file_actions_adddup2(&actions, pair[1], 3);
	errno = posix_spawn(&pid, server->child_command[0], &actions, NULL, server->child_command, environ);
	if (errno)
		die(server->child_command[0]);
	posix_spawn_file_actions_destroy(&actions);
	close(pair[1]);
	watch(server, CHILD, pair[0]);
	server->children++;
}

static void invoke(struct server *server, struct endpoint *child, struct endpoint *client)
{
	static const uint8_t no_metadata[2] = { 0, 0 };
	for (int i = 0; i < 2; i++) { /* splitmix64: an id need only differ */
		uint64_t mixed = server->random[i] += 0x9e3779b97f4a7c15;
		mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
		memcpy(client->id + 8 * i, &mixed, 8);
	}
	memcpy(child->id, client->id, ID_LENGTH);
	client->peer = child;
	child->peer = client;
	send_frame(server, child, INVOKE, no_metadata, sizeof no_metadata, client->in.bytes + client->body_at,
		   client->request_length - client->body_at);
}

static void dispatch(struct server *server, struct endpoint *client)
{
	struct endpoint *child = server->idle;
	if (child) {
		server->idle = child->next;
		invoke(server, child, client);
		return;
	}
	client->next = NULL;
	*server->waiting.last = client;
	server->waiting.last = &client->next;
	if (server->children < MAX_CHILDREN)
		start_child(server);
}

static void release(struct server *server, struct endpoint *child)
{
	struct endpoint *client;
	child->peer = NULL;
	while ((client = server->waiting.first)) {
		server->waiting.first = client->next;
		if (!server->waiting.first)
			server->waiting.last = &server->waiting.first;
		client->next = NULL;
		if (!client->dead) {
			invoke(server, child, client);
			return;
		}
		discard(server, client);
	}
	child->next = server->idle;
	server->idle = child;
}

static void lose_child(struct server *server, struct endpoint *child)
{
	for (struct endpoint **at = &server->idle; *at; at = &(*at)->next)
		if (*at == child) {
			*at = child->next;
			break;
		}
	if (child->peer) {
		child->peer->peer = NULL;
		if (child->peer->dead)
			discard(server, child->peer);
		else
			refuse(server, child->peer, 502, "Bad Gateway");
	}
	server->children--;
	discard(server, child);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void take_requests(struct server *server, struct endpoint *client);

static void answer_from(struct server *server, struct endpoint *child, const struct frame *frame, const char *payload)
{
	struct endpoint *client = child->peer;
	if (!client || memcmp(frame->id, client->id, ID_LENGTH)) {
		fprintf(stderr, "floor: an answer that nobody asked for\n");
		exit(1);
	}
	client->peer = NULL;
	if (client->dead)
		discard(server, client);
	else
		respond(server, client, 200, "OK",
			frame->type == RESULT ? "X-Amz-Executed-Version: $LATEST\r\n"
					      : "X-Amz-Executed-Version: $LATEST\r\nX-Amz-Function-Error: Unhandled\r\n",
			payload, frame->length);
	release(server, child);
	if (!client->dead)
		take_requests(server, client);
}

static void read_child(struct server *server, struct endpoint *child)
{
	struct frame frame;
	char assign[256];
	if (buffer_fill(&child->in, child->fd) == BUFFER_CLOSED) {
		lose_child(server, child);
		return;
	}
	while (child->in.length >= sizeof frame) {
		memcpy(&frame, child->in.bytes, sizeof frame);
		if (child->in.length < sizeof frame + frame.length)
			return;
		if (frame.type == READY) {
			int length = snprintf(assign, sizeof assign, "{\"handler\": \"%s\", \"environment\": {}}",
					      server->handler);
			send_frame(server, child, ASSIGN, assign, (size_t)length, NULL, 0);
		} else if (frame.type == INIT_DONE) {
			release(server, child);
		} else {
			answer_from(server, child, &frame, child->in.bytes + sizeof frame);
		}
		buffer_drop(&child->in, sizeof frame + frame.length);
	}
}

/* --- clients -------------------------------------------------------------------------------------------------- */

static int is_invoke(const char *line)
{
	static const char before[] = "POST /2015-03-31/functions/", after[] = "/invocations HTTP/1.1\r\n";
	if (strncmp(line, before, sizeof before - 1))
		return 0;
	line += sizeof before - 1;
	line += strcspn(line, "/ ?\r");
	return !strncmp(line, after, sizeof after - 1);
}

/* `head` ends with an empty line. */
static size_t content_length(const char *head)
{
	static const char name[] = "content-length:";
	for (const char *line = strstr(head, "\r\n") + 2; *line != '\r'; line = strstr(line, "\r\n") + 2)
		if (!strncasecmp(line, name, sizeof name - 1))
			return strtoul(line + sizeof name - 1, NULL, 10);
	return 0;
}

static void lose_client(struct server *server, struct endpoint *client)
{
	int held = client->peer != NULL;
	for (struct endpoint *at = server->waiting.first; at; at = at->next)
		held |= at == client;
	hang_up(client);
	if (!held) /* else the child or the queue lets go of it */
		discard(server, client);
}

/* Serves what is complete in the buffer, one request at a time: what came early waits for its turn. */
static void take_requests(struct server *server, struct endpoint *client)
{
	while (client->in.length && !client->request_length) {
		char *bytes = client->in.bytes, *end = strstr(bytes, "\r\n\r\n");
		size_t length = end ? content_length(bytes) : 0;
		if (length > MAX_REQUEST || client->in.length > MAX_REQUEST) {
			refuse(server, client, 413, "Content Too Large");
			lose_client(server, client);
			return;
		}
		if (!end || client->in.length < (size_t)(end + 4 - bytes) + length)
			return;
		client->body_at = (size_t)(end + 4 - bytes);
		client->request_length = client->body_at + length;
		if (is_invoke(bytes))
			dispatch(server, client);
		else
			refuse(server, client, 404, "Not Found");
	}
}

static void read_client(struct server *server, struct endpoint *client)
{
	if (buffer_fill(&client->in, client->fd) == BUFFER_CLOSED)
		lose_client(server, client);
	else
		take_requests(server, client);
}

static void accept_clients(struct server *server, int listener)
{
	int on = 1, fd;
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		watch(server, CLIENT, fd);
	}
}

static void handle(struct server *server, struct endpoint *endpoint, uint32_t events)
{
	if (endpoint->dead)
		return;
	if (events & EPOLLOUT)
		transmit(server, endpoint, NULL, 0);
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	if (endpoint->kind == LISTENER)
		accept_clients(server, endpoint->fd);
	else if (endpoint->kind == CLIENT)
		read_client(server, endpoint);
	else
		read_child(server, endpoint);
}

static int listen_on_loopback(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) || listen(fd, 1024) ||
	    getsockname(fd, (struct sockaddr *)&address, &length))
		die("listen");
	printf("port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	static struct epoll_event events[MAX_EVENTS];
	struct server server = { 0 };
	if (argc != 5)
		return fprintf(stderr, "usage: floor PYTHON CHILD.PY TASK_ROOT HANDLER\n"), 2;
	char *command[] = { argv[1], "-I", "-S", argv[2], argv[3], NULL };
	memcpy(server.child_command, command, sizeof command);
	server.handler = argv[4];
	server.waiting.last = &server.waiting.first;
	server.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server.epoll < 0 || getrandom(server.random, sizeof server.random, 0) != sizeof server.random)
		die("start");
	watch(&server, LISTENER, listen_on_loopback());
	for (;;) {
		int ready = epoll_wait(server.epoll, events, MAX_EVENTS, -1);
		for (int i = 0; i < ready; i++)
			handle(&server, events[i].data.ptr, events[i].events);
		for (struct endpoint *next, *dead = server.dead; dead; dead = next) {
			next = dead->next;
			free(dead->in.bytes);
			free(dead->out.bytes);
			free(dead);
		}
		server.dead = NULL;
	}
}
