/* SPDX-License-Identifier: ISC */
/*
 * The visitors of the HTTP benchmark: as many requests as the server answers, one at a time on each
 * connection. Cheaper per request than any server can be, so that the server is what is measured.
 */
#include "bench.h"

#include <signal.h>

static const char usage[] =
    "usage: httpload [options] HOST PORT\n"
    "  -c N    connections at a time (64)\n"
    "  -t S    seconds (1)\n"
    "  -x      Connection: close, a new connection for every request\n"
    "  -s N    the status every answer must have (200)\n"
    "Prints one line of key=value; microseconds are from the request's (-x: connection's) "
    "beginning to the answer's end.\n";

#define ANSWER_MAX 16384u
#define BATCH 256

struct visitor {
	int fd;
	uint64_t since_ns;
	bool whole;		/* -x: the answer is here, its end is not */
};

static struct {
	unsigned at_once, port;
	double seconds;
	const char *status;
	bool close;
} opt = { .at_once = 64, .seconds = 1, .status = "200" };

static int ep;
static char request[1024];
static size_t request_len;
static uint64_t answers, errors, end_ns;
static bool stopping;
static unsigned active;
static uint32_t latency[1u << 20];	/* answers by tenths of a microsecond; last: or longer */

static double
quantile(double q)
{
	uint64_t seen = 0;
	size_t i = 0;

	while (i < sizeof(latency) / sizeof(*latency) - 1 &&
	    (seen += latency[i]) < (uint64_t)(q * (double)answers))
		i++;
	return (double)i / 10;
}

/* ---- one visitor ---- */

static void
ask(struct visitor *v)
{
	v->whole = false;
	if (send(v->fd, request, request_len, MSG_NOSIGNAL) != (ssize_t)request_len)
		die("send");
}

static void
arrive(struct visitor *v)
{
	struct sockaddr_in to = loopback(opt.port);
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = v };

	v->since_ns = now_ns();
	v->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (v->fd == -1)
		die("socket");
	if (connect(v->fd, (struct sockaddr *)&to, sizeof(to)) == -1 && errno != EINPROGRESS)
		die("connect");
	if (epoll_ctl(ep, EPOLL_CTL_ADD, v->fd, &e) == -1)
		die("epoll_ctl");
	ask(v);			/* on loopback it is connected by now */
}

static void
go_on(struct visitor *v)
{
	if (opt.close || stopping)
		close(v->fd);
	if (stopping) {
		active--;
	} else if (opt.close) {
		arrive(v);
	} else {
		v->since_ns = now_ns();
		ask(v);
	}
}

static void
answered(struct visitor *v, bool good)
{
	size_t most = sizeof(latency) / sizeof(*latency) - 1;
	uint64_t tenths;

	end_ns = now_ns();
	tenths = (end_ns - v->since_ns) / 100;
	latency[tenths < most ? tenths : most]++;
	answers++;
	errors += !good;
	go_on(v);
}

/* Whether the n bytes are a whole answer with a Content-Length. */
static bool
is_whole(const char *bytes, size_t n)
{
	const char *body = memmem(bytes, n, "\r\n\r\n", 4), *length;

	if (body == NULL)
		return false;
	length = memmem(bytes, (size_t)(body - bytes), "ontent-", 7);
	while (length != NULL && strncasecmp(length, "ontent-length:", 14) != 0)
		length = memmem(length + 7, (size_t)(body - length) - 7, "ontent-", 7);
	return length != NULL && n == (size_t)(body + 4 - bytes) + strtoul(length + 14, NULL, 10);
}

static bool
is_good(const char *bytes, size_t n)
{
	return n > 12 && memcmp(bytes, "HTTP/1.1 ", 9) == 0 &&
	    memcmp(bytes + 9, opt.status, 3) == 0;
}

static void
on_readable(struct visitor *v, bool ended)
{
	static char bytes[ANSWER_MAX];
	ssize_t n = recv(v->fd, bytes, sizeof(bytes), 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {		/* -x: the end after the answer */
		answered(v, n == 0 && v->whole);
		return;
	}
	if (!is_good(bytes, (size_t)n) || !is_whole(bytes, (size_t)n))
		die("no answer with status %s in one piece", opt.status);
	v->whole = true;
	if (!opt.close || ended)
		answered(v, true);
}

/* ---- run ---- */

static void
run(void)
{
	struct visitor *visitors = calloc(opt.at_once, sizeof(*visitors));
	struct epoll_event e[BATCH];
	uint64_t start_ns = now_ns(), limit_ns = start_ns + (uint64_t)(opt.seconds * 1e9);

	if (visitors == NULL)
		die("memory");
	for (active = 0; active < opt.at_once; active++)
		arrive(&visitors[active]);
	while (active > 0 && now_ns() < limit_ns + 5000000000u) {
		int n = epoll_wait(ep, e, BATCH, 20);

		stopping = now_ns() >= limit_ns;
		for (int i = 0; i < n; i++)
			on_readable(e[i].data.ptr, (e[i].events & EPOLLRDHUP) != 0);
	}
	errors += active;	/* never answered */
	printf("requests=%llu rate=%.1f p50=%.1f p99=%.1f errors=%llu\n",
	    (unsigned long long)answers, (double)answers / ((double)(end_ns - start_ns) / 1e9),
	    quantile(.5), quantile(.99), (unsigned long long)errors);
}

int
main(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "+c:t:s:x")) != -1) {
		switch (o) {
		case 'c':
			opt.at_once = (unsigned)atoi(optarg);
			break;
		case 't':
			opt.seconds = atof(optarg);
			break;
		case 's':
			opt.status = optarg;
			break;
		case 'x':
			opt.close = true;
			break;
		default:
			fputs(usage, stderr);
			return 100;
		}
	}
	if (argc - optind != 2 || opt.at_once == 0) {
		fputs(usage, stderr);
		return 100;
	}
	opt.port = (unsigned)atoi(argv[optind + 1]);
	request_len = (size_t)snprintf(request, sizeof(request),
	    "GET /some/path?query=1 HTTP/1.1\r\nHost: %s\r\n%s\r\n", argv[optind],
	    opt.close ? "Connection: close\r\n" : "");
	signal(SIGPIPE, SIG_IGN);
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (ep == -1)
		die("epoll_create1");
	run();
	return errors == 0 ? 0 : 111;
}
