/* The load generator: N keep-alive connections, a closed loop on each, one thread. With --rate a connection whose
 * answer has come waits until the next request is due.
 *
 * Every request is signed on its own over a payload of its own, as a real client's is, and every answer must hold
 * that payload's token: a server that caches, skips or mixes up answers counts as wrong, not as fast. An event
 * (--event) is right when it was accepted: the answer is 202 and empty. A GET (--get) is not signed and has its token in
 * the query. It is compiled because a Python client costs
 * fifteen times what the servers do: its own CPU per request is in the output.
 *
 *   load run      measure, print one JSON object
 *   load request  print the bytes of one request (a test holds them against botocore's signer)
 *   load sha256   print the digest of standard input (a test holds it against hashlib)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "response.h"
#include "sigv4.h"
#include "tally.h"

enum { MAX_CONNECTIONS = 1024, TOKEN_LENGTH = 16, OUT_SIZE = 4096, IN_SIZE = 1 << 16 };

/* How long answers may still come in after the last request went out: a slow peer's queue must drain. */
static const double DRAIN_S = 10;

struct connection {
	int fd;
	int waiting; /* a request is out */
	uint64_t begun_ns;
	char token[TOKEN_LENGTH + 1];
	size_t held;
	char in[IN_SIZE + 1];
};

struct load {
	struct signer signer;
	const char *host, *path, *name;
	int port, connections, epoll;
	double seconds;
	double rate;         /* requests per second over all connections; 0: as fast as they are answered */
	unsigned long limit; /* requests; 0: no limit but time */
	int is_get;
	uint32_t nonce;
	unsigned long sent;
	uint64_t begun_ns, end_ns;
	char authority[128];
	struct tally tally;
};

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static double cpu_s(void)
{
	struct rusage use;
	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void connect_one(struct load *load, struct connection *connection)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)load->port) };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
	int on = 1;
	if (inet_pton(AF_INET, load->host, &address.sin_addr) != 1)
		die(load->host);
	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&address, sizeof address))
		die("connect");
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, connection->fd, &event))
		die("epoll_ctl");
	connection->held = 0;
	connection->waiting = 0;
}

static void reconnect(struct load *load, struct connection *connection)
{
	close(connection->fd);
	load->tally.reconnects++;
	connect_one(load, connection);
}

/* One new request with a token that no other has; returns its length. */
static size_t make_request(struct load *load, char token[TOKEN_LENGTH + 1], char out[OUT_SIZE])
{
	char body[128];
	snprintf(token, TOKEN_LENGTH + 1, "%08x%08lx", load->nonce, load->sent++ & 0xffffffff);
	if (load->is_get) {
		int get_length = snprintf(out, OUT_SIZE, "GET %s?name=%s&token=%s HTTP/1.1\r\nHost: %s\r\n\r\n",
					  load->path, load->name, token, load->authority);
		return get_length < OUT_SIZE ? (size_t)get_length : 0;
	}
	int length = snprintf(body, sizeof body, "{\"name\": \"%s\", \"token\": \"%s\"}", load->name, token);
	size_t size = signer_request(&load->signer, load->authority, load->path, body, (size_t)length, out, OUT_SIZE);
	if (!size) {
		errno = EMSGSIZE;
		die("request");
	}
	return size;
}

static int is_due(const struct load *load, uint64_t now)
{
	return !load->rate || (double)load->sent < load->rate * (double)(now - load->begun_ns) / 1e9;
}

static void send_next(struct load *load, struct connection *connection)
{
	char out[OUT_SIZE];
	uint64_t now = now_ns();
	if (now >= load->end_ns || (load->limit && load->sent >= load->limit) || !is_due(load, now))
		return;
	size_t length = make_request(load, connection->token, out);
	connection->held = 0;
	connection->waiting = 1;
	connection->begun_ns = now_ns();
	/* A request is far smaller than a socket buffer and the one before has been answered: it goes out whole. */
	if (send(connection->fd, out, length, MSG_NOSIGNAL) != (ssize_t)length) {
		tally_error(&load->tally, "send failed", "", 0);
		reconnect(load, connection);
	}
}

static int is_right(const struct load *load, const struct connection *connection, const struct response *response)
{
	if (load->signer.invocation_type)
		return response->status == 202;
	return response->status == 200 && !response->function_error &&
	       memmem(response->body, response->body_length, connection->token, TOKEN_LENGTH);
}

static void check_answer(struct load *load, const struct connection *connection, const struct response *response)
{
	uint64_t now = now_ns();
	char status[16];
	if (!is_right(load, connection, response)) {
		snprintf(status, sizeof status, "HTTP %d", response->status);
		tally_error(&load->tally, status, response->body, response->body_length);
	}
	tally_answer(&load->tally, now - connection->begun_ns, now < load->end_ns);
}

static void receive(struct load *load, struct connection *connection)
{
	ssize_t got = recv(connection->fd, connection->in + connection->held, IN_SIZE - connection->held, MSG_DONTWAIT);
	struct response response;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		if (connection->waiting)
			tally_error(&load->tally, "connection lost", "", 0);
		reconnect(load, connection);
		send_next(load, connection);
		return;
	}
	connection->held += (size_t)got;
	connection->in[connection->held] = 0;
	enum response_state state = response_read(connection->in, connection->held, &response);
	if (state == RESPONSE_PARTIAL && connection->held < IN_SIZE)
		return;
	connection->waiting = 0;
	if (state == RESPONSE_COMPLETE) {
		check_answer(load, connection, &response);
	} else {
		tally_error(&load->tally, "not HTTP", connection->in, connection->held);
		response.close = 1;
	}
	if (response.close)
		reconnect(load, connection);
	send_next(load, connection);
}

static int count_waiting(const struct load *load, const struct connection *all)
{
	int waiting = 0;
	for (int i = 0; i < load->connections; i++)
		waiting += all[i].waiting;
	return waiting;
}

static void run(struct load *load, const char *sha256_name)
{
	static struct epoll_event events[MAX_CONNECTIONS];
	struct connection *all = calloc((size_t)load->connections, sizeof *all);
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!all || load->epoll < 0)
		die("start");
	for (int i = 0; i < load->connections; i++)
		connect_one(load, &all[i]);

	double cpu_before = cpu_s();
	uint64_t begun = load->begun_ns = now_ns(), last = begun;
	load->end_ns = begun + (uint64_t)(load->seconds * 1e9);
	uint64_t drained_ns = load->end_ns + (uint64_t)(DRAIN_S * 1e9);
	signer_set_time(&load->signer, time(NULL));
	for (int i = 0; i < load->connections; i++)
		send_next(load, &all[i]);
	while ((count_waiting(load, all) || (load->rate && now_ns() < load->end_ns)) && now_ns() < drained_ns) {
		int ready = epoll_wait(load->epoll, events, MAX_CONNECTIONS, load->rate ? 1 : 100);
		signer_set_time(&load->signer, time(NULL));
		for (int i = 0; i < ready; i++)
			receive(load, events[i].data.ptr);
		for (int i = 0; load->rate && i < load->connections; i++)
			if (!all[i].waiting)
				send_next(load, &all[i]);
		last = now_ns();
	}
	for (int i = count_waiting(load, all); i > 0; i--)
		tally_error(&load->tally, "no answer", "", 0);
	/* With a limit on requests the measured time is what they took. */
	double seconds = load->limit && last < load->end_ns ? (double)(last - begun) / 1e9 : load->seconds;
	tally_print(&load->tally, sha256_name, load->connections, seconds, cpu_s() - cpu_before);
}

static void print_request(struct load *load, long date)
{
	char token[TOKEN_LENGTH + 1], out[OUT_SIZE];
	signer_set_time(&load->signer, (time_t)date);
	fwrite(out, 1, make_request(load, token, out), stdout);
}

static void print_sha256(void)
{
	char data[1 << 12], hex[2 * SHA256_SIZE];
	uint8_t digest[SHA256_SIZE];
	struct sha256 hash;
	size_t got;
	sha256_start(&hash);
	while ((got = fread(data, 1, sizeof data, stdin)))
		sha256_add(&hash, data, got);
	sha256_finish(&hash, digest);
	sha256_hex(digest, hex);
	printf("%.64s\n", hex);
}

static const struct option OPTIONS[] = {
	{ "host", required_argument, NULL, 'h' },       { "port", required_argument, NULL, 'p' },
	{ "path", required_argument, NULL, 'u' },       { "connections", required_argument, NULL, 'c' },
	{ "seconds", required_argument, NULL, 's' },    { "requests", required_argument, NULL, 'n' },
	{ "access-key", required_argument, NULL, 'a' }, { "region", required_argument, NULL, 'r' },
	{ "service", required_argument, NULL, 'v' },    { "name", required_argument, NULL, 'm' },
	{ "nonce", required_argument, NULL, 'o' },      { "date", required_argument, NULL, 'd' },
	{ "portable", no_argument, NULL, 'P' },         { "event", no_argument, NULL, 'e' },
	{ "rate", required_argument, NULL, 'R' },       { "get", no_argument, NULL, 'g' },
	{ "authority", required_argument, NULL, 'A' },  { 0 },
};

int main(int argc, char **argv)
{
	/* The secret comes by the environment: the command line is for everybody to read. */
	const char *secret = getenv("AWS_SECRET_ACCESS_KEY");
	struct load load = {
		.signer = { .access_key = "none", .secret_key = secret ? secret : "none", .region = "us-east-1",
			    .service = "lambda" },
		.host = "127.0.0.1", .path = "/", .name = "lambent", .connections = 1, .seconds = 1,
		.nonce = (uint32_t)(now_ns() ^ (uint64_t)getpid() << 20),
	};
	long date = 0;
	const char *authority = NULL;
	int portable = 0, option;
	while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
		switch (option) {
		case 'h': load.host = optarg; break;
		case 'p': load.port = atoi(optarg); break;
		case 'u': load.path = optarg; break;
		case 'c': load.connections = atoi(optarg); break;
		case 's': load.seconds = atof(optarg); break;
		case 'n': load.limit = strtoul(optarg, NULL, 10); break;
		case 'a': load.signer.access_key = optarg; break;
		case 'r': load.signer.region = optarg; break;
		case 'v': load.signer.service = optarg; break;
		case 'm': load.name = optarg; break;
		case 'o': load.nonce = (uint32_t)strtoul(optarg, NULL, 16); break;
		case 'd': date = atol(optarg); break;
		case 'P': portable = 1; break;
		case 'R': load.rate = atof(optarg); break;
		case 'g': load.is_get = 1; break;
		case 'A': authority = optarg; break;
		case 'e': load.signer.invocation_type = "Event"; break;
		default: return 2;
		}
	}
	const char *command = optind < argc ? argv[optind] : "";
	const char *sha256_name = sha256_choose(portable);
	if (authority)
		snprintf(load.authority, sizeof load.authority, "%s", authority);
	else
		snprintf(load.authority, sizeof load.authority, "%s:%d", load.host, load.port);
	if (!strcmp(command, "run") && load.connections > 0 && load.connections <= MAX_CONNECTIONS)
		run(&load, sha256_name);
	else if (!strcmp(command, "request"))
		print_request(&load, date);
	else if (!strcmp(command, "sha256"))
		print_sha256();
	else
		return fprintf(stderr, "usage: load run|request|sha256 [--port N --path P ...]\n"), 2;
	return 0;
}
