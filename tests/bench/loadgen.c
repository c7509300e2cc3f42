/* SPDX-License-Identifier: ISC */
/*
 * The visitors of the benchmark: connections with a TLS hello through a router to backend.c,
 * and their figures.
 */
#include "bench.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char usage[] =
    "usage: loadgen WORKLOAD [options] PORT\n"
    "  rate    connect, hello, reply, close: connections/s, "
    "microseconds from connect to the reply's last byte\n"
    "  down    hello, then receive as fast as it comes        "
    "up   hello, then send as fast as it goes\n"
    "  ping    hello, then 64 bytes there and back            "
    "idle hello, then nothing until SIGTERM\n"
    "  stall   hello, then the backend sends as fast as it goes and nothing is read until SIGTERM\n"
    "  wait    try until one connection is served (at most -t seconds); prints nothing\n"
    "  launch  -- PROGRAM ARGS (no PORT): start it -n times "
    "with one connection on its descriptors 0 and 1,\n"
    "          microseconds from fork to the reply's last byte\n"
    "  freeport  print a port of 127.0.0.1 nobody uses (no PORT)\n"
    "  -c N    connections at a time (1)\n"
    "  -n N    connections in all (rate: no limit; launch: 1; else -c)\n"
    "  -t S    seconds (1)\n"
    "  -k N    ask for host0000000.example.net to host(N-1).example.net by chance (10)\n"
    "  -s NAME ask for this name only\n"
    "  -v NAME begin with a PROXY header, version 2, for a visitor of this name and kind tls\n"
    "  -y      copy bulk bytes to user space instead of dropping them in the kernel\n"
    "Prints one line of key=value.\n";

#define MS 1000000ull		/* nanoseconds */
#define DRAIN_NS (5000 * MS)	/* how long what is under way may take when time is up */

enum phase {
	CLOSED,
	CONNECTING,	/* the hello did not go out at once */
	GREETING,	/* hello sent, reply not complete */
	RUNNING,	/* what the workload does after the reply */
	ENDING		/* asked to stop; rate: waiting for the end */
};

struct client {
	int fd;
	enum phase phase;
	uint64_t since_ns;	/* rate: connect; ping: last send */
	size_t got;		/* GREETING: bytes of the reply; ping: of the echo */
	size_t sent, acked;	/* up: bytes, units */
};

struct workload {
	const char *word;
	enum bench_mode mode;
	void (*ready)(struct client *c);		/* the reply is complete */
	void (*event)(struct client *c, uint32_t events);	/* RUNNING, ENDING */
	void (*stop)(struct client *c);			/* time is up */
	void (*print)(void);
};

static struct {
	unsigned at_once, total, names, port;
	double seconds;
	const char *name, *visitor;
	bool copy;
} opt = { .at_once = 1, .names = 10, .seconds = 1, .name = "host0000000.example.net" };

static const struct workload *work;
static struct client *clients;
static int ep;
static volatile sig_atomic_t stop_signal;
static bool stopping;
static unsigned opened, active, ready, errors;
static uint64_t start_ns, end_ns, moved;	/* end: of the last useful thing; moved: bytes */

static uint8_t greeting[HELLO_LEN + 512];	/* said first: a PROXY header (-v), the hello */
static uint8_t *hello = greeting;		/* within it */
static size_t greeting_len = HELLO_LEN, hello_name_at;

static uint32_t *samples;	/* tenths of a microsecond */
static size_t samples_len, samples_cap;

/* ---- time and samples ---- */

static void
sample(uint64_t ns)
{
	if (samples_len == samples_cap) {
		samples_cap = samples_cap == 0 ? 1u << 16 : samples_cap * 2;
		samples = realloc(samples, samples_cap * sizeof(*samples));
		if (samples == NULL)
			die("memory");
	}
	samples[samples_len++] = ns / 100 > UINT32_MAX ? UINT32_MAX : (uint32_t)(ns / 100);
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* In microseconds; samples are sorted. */
static double
quantile(double q)
{
	return samples_len == 0 ? 0 : samples[(size_t)(q * (double)(samples_len - 1))] / 10.0;
}

static void
print_latency(void)
{
	qsort(samples, samples_len, sizeof(*samples), by_size);
	printf("p50=%.1f p99=%.1f p999=%.1f max=%.1f ", quantile(.5), quantile(.99), quantile(.999),
	    quantile(1));
}

static double
seconds_run(void)
{
	return end_ns > start_ns ? (double)(end_ns - start_ns) / 1e9 : 1e-9;
}

/* ---- the hello: a browser's, padded to HELLO_LEN ---- */

static uint8_t *
put(uint8_t *at, const void *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

static uint8_t *
put16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
	return at + 2;
}

static uint8_t *
put_random(uint8_t *at, size_t n)
{
	while (n-- > 0)
		*at++ = (uint8_t)random();
	return at;
}

static uint8_t *
put_sni(uint8_t *at, const char *name)
{
	size_t n = strlen(name);

	at = put16(put16(at, 0), n + 5);	/* server_name, RFC 6066 3 */
	at = put16(at, n + 3);
	*at++ = 0;				/* host_name */
	at = put16(at, n);
	hello_name_at = (size_t)(at - hello);
	return put(at, name, n);
}

static uint8_t *
put_extensions(uint8_t *at, const char *name)
{
	static const uint8_t grease[] = { 0x1a, 0x1a, 0, 0 };
	static const uint8_t rest[] = {
		0, 23, 0, 0,						/* extended_master_secret */
		0xff, 1, 0, 1, 0,					/* renegotiation_info */
		0, 10, 0, 10, 0, 8, 0x2a, 0x2a, 0, 29, 0, 23, 0, 24,	/* supported_groups */
		0, 11, 0, 2, 1, 0,					/* ec_point_formats */
		0, 35, 0, 0,						/* session_ticket */
		0, 16, 0, 14, 0, 12, 2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1',
		0, 5, 0, 5, 1, 0, 0, 0, 0,				/* status_request */
		0, 13, 0, 18, 0, 16, 4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1,
		0, 18, 0, 0,						/* certificate timestamps */
		0, 45, 0, 2, 1, 1,					/* psk_key_exchange_modes */
		0, 43, 0, 7, 6, 0x3a, 0x3a, 3, 4, 3, 3,			/* supported_versions */
		0, 27, 0, 3, 2, 0, 2,					/* compress_certificate */
		0, 51, 0, 43, 0, 41, 0x2a, 0x2a, 0, 1, 0, 0, 29, 0, 32	/* key_share; key follows */
	};

	at = put(at, grease, sizeof(grease));
	at = put_sni(at, name);
	at = put(at, rest, sizeof(rest));
	return put_random(at, 32);
}

static void
make_hello(enum bench_mode mode, const char *name)
{
	/* 512 bytes of record, 508 of hello */
	static const uint8_t head[] = { 22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3 };
	static const uint8_t suites[] = { 0, 32, 0x0a, 0x0a, 0x13, 1, 0x13, 2, 0x13, 3, 0xc0, 0x2b,
		0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30, 0xcc, 0xa9, 0xcc, 0xa8, 0xc0, 0x13, 0xc0, 0x14,
		0, 0x9c, 0, 0x9d, 0, 0x2f, 0, 0x35, 1, 0 };	/* and no compression */
	uint8_t *at = put(hello, head, sizeof(head)), *end = hello + HELLO_LEN;

	if (strlen(name) > 200) {
		errno = ENAMETOOLONG;
		die("%s", name);
	}
	at = put_random(at, 32);
	*at++ = 32;
	*at = (uint8_t)mode;
	at = put_random(at + 1, 31);
	at = put(at, suites, sizeof(suites));
	at = put16(at, (size_t)(end - at) - 2);
	at = put_extensions(at, name);
	at = put16(at, 21);			/* padding, RFC 7685 */
	at = put16(at, (size_t)(end - at) - 2);
	memset(at, 0, (size_t)(end - at));
}

/*
 * A header with the addresses 192.0.2.1:50000 and 198.51.100.7:443 in front of the hello
 * (proxy-protocol.txt 2.2).
 */
static void
put_proxy_header(const char *name)
{
	static const uint8_t head[] = { 13, 10, 13, 10, 0, 13, 10, 'Q', 'U', 'I', 'T', 10,
		0x21, 0x11 };
	static const uint8_t ends[] = { 192, 0, 2, 1, 198, 51, 100, 7, 0xc3, 0x50, 1, 0xbb,
		0xe0, 0, 3, 't', 'l', 's', 2 };
	size_t n = strlen(name);
	uint8_t *at = put(greeting, head, sizeof(head));

	if (n > 253) {
		errno = ENAMETOOLONG;
		die("%s", name);
	}
	at = put16(at, sizeof(ends) + 2 + n);
	at = put16(put(at, ends, sizeof(ends)), n);
	hello = put(at, name, n);
	greeting_len = (size_t)(hello - greeting) + HELLO_LEN;
}

/* Ask for another of the names: the seven digits behind "host" change. */
static void
choose_name(void)
{
	static uint64_t x = 88172645463325252u;		/* xorshift64 */
	uint8_t *digit = hello + hello_name_at + 4 + 7;
	uint64_t n;

	if (opt.names == 0)
		return;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	n = x % opt.names;
	for (int i = 0; i < 7; i++, n /= 10)
		*--digit = (uint8_t)('0' + n % 10);
}

/* ---- one client ---- */

static void
watch(int op, struct client *c, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };

	if (epoll_ctl(ep, op, c->fd, &e) == -1)
		die("epoll_ctl");
}

static void
finish(struct client *c)
{
	close(c->fd);
	c->phase = CLOSED;
	active--;
}

static void
fail(struct client *c)
{
	if (errors++ == 0 && getenv("LOADGEN_DEBUG") != NULL)
		fprintf(stderr, "loadgen: phase %d, got %zu: %s\n", c->phase, c->got,
		    strerror(errno));
	finish(c);
}

static bool
would_block(ssize_t n)
{
	return n == -1 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN);
}

static bool
send_hello(struct client *c)
{
	ssize_t n;

	choose_name();
	n = send(c->fd, greeting, greeting_len, MSG_NOSIGNAL);
	if (n == (ssize_t)greeting_len)
		c->phase = GREETING;
	return n == (ssize_t)greeting_len || would_block(n);
}

static void
open_client(struct client *c)
{
	struct sockaddr_in to = loopback(opt.port);

	opened++;
	active++;
	*c = (struct client){ .phase = CONNECTING, .since_ns = now_ns() };
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd == -1)
		die("socket");
	set_nodelay(c->fd);
	if ((connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == -1 && errno != EINPROGRESS) ||
	    !send_hello(c)) {
		fail(c);
		return;
	}
	watch(EPOLL_CTL_ADD, c, c->phase == CONNECTING ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void
on_connected(struct client *c)
{
	if (!send_hello(c))
		fail(c);
	else if (c->phase == GREETING)
		watch(EPOLL_CTL_MOD, c, EPOLLIN);
}

static void
on_reply(struct client *c)
{
	char buf[REPLY_LEN];
	ssize_t n = recv(c->fd, buf, REPLY_LEN - c->got, 0);

	if (would_block(n))
		return;
	if (n <= 0) {
		fail(c);
		return;
	}
	c->got += (size_t)n;
	if (c->got < REPLY_LEN)
		return;
	c->got = 0;
	c->phase = RUNNING;
	ready++;
	work->ready(c);
	if (stopping)
		work->stop(c);
}

static void
on_event(struct client *c, uint32_t events)
{
	switch (c->phase) {
	case CLOSED:
		break;
	case CONNECTING:
		on_connected(c);
		break;
	case GREETING:
		on_reply(c);
		break;
	case RUNNING:
	case ENDING:
		work->event(c, events);
		break;
	}
}

/* ---- rate ---- */

static void
rate_ready(struct client *c)
{
	end_ns = now_ns();
	sample(end_ns - c->since_ns);
	c->phase = ENDING;
}

static void
rate_event(struct client *c, uint32_t events)
{
	ssize_t n = take(c->fd, true);

	(void)events;
	if (would_block(n))
		return;
	if (n != 0) {		/* a byte too many, or a reset */
		fail(c);
		return;
	}
	finish(c);
}

static void
rate_stop(struct client *c)
{
	(void)c;	/* what is under way ends by itself */
}

static void
rate_print(void)
{
	printf("conns=%zu rate=%.1f ", samples_len, (double)samples_len / seconds_run());
	print_latency();
}

/* ---- down ---- */

static void
down_ready(struct client *c)
{
	(void)c;
}

static void
down_event(struct client *c, uint32_t events)
{
	ssize_t n = take(c->fd, opt.copy);

	(void)events;
	if (would_block(n))
		return;
	if (n < 0 || (n == 0 && c->phase != ENDING)) {
		fail(c);
		return;
	}
	moved += (uint64_t)n;
	end_ns = now_ns();
	if (n == 0)
		finish(c);
}

/* Tell the backend to end; what it has sent by then still counts. */
static void
down_stop(struct client *c)
{
	if (send(c->fd, "", 1, MSG_NOSIGNAL) != 1)
		fail(c);
	else
		c->phase = ENDING;
}

static void
bulk_print(void)
{
	printf("bytes=%llu gbs=%.3f ", (unsigned long long)moved,
	    (double)moved / 1e9 / seconds_run());
}

/* ---- up: whole units only, so that what was sent and what arrived are the same ---- */

static void
up_ready(struct client *c)
{
	watch(EPOLL_CTL_MOD, c, EPOLLIN | EPOLLOUT);
}

static void
up_send(struct client *c)
{
	static const char zeros[CHUNK_LEN];
	size_t room = UNIT_LEN - c->sent % UNIT_LEN;
	ssize_t n = send(c->fd, zeros, room < CHUNK_LEN ? room : CHUNK_LEN, MSG_NOSIGNAL);

	if (would_block(n))
		return;
	if (n <= 0) {
		fail(c);
		return;
	}
	c->sent += (size_t)n;
	if (stopping && c->sent % UNIT_LEN == 0) {
		c->phase = ENDING;
		watch(EPOLL_CTL_MOD, c, EPOLLIN);
	}
}

static void
up_event(struct client *c, uint32_t events)
{
	char buf[256];
	ssize_t n;

	if (events & ~(uint32_t)EPOLLOUT) {
		n = recv(c->fd, buf, sizeof(buf), 0);
		if (n == 0 || (n == -1 && !would_block(n))) {
			fail(c);
			return;
		}
		for (; n > 0; n--, c->acked++, moved += UNIT_LEN)
			end_ns = now_ns();
	}
	if (c->phase == ENDING && c->acked == c->sent / UNIT_LEN)
		finish(c);
	else if (c->phase == RUNNING && (events & EPOLLOUT))
		up_send(c);
}

static void
up_stop(struct client *c)
{
	(void)c;	/* the unit under way is sent to its end */
}

/* ---- ping ---- */

static void
ping_send(struct client *c)
{
	static const char zeros[PING_LEN];

	c->since_ns = now_ns();
	if (send(c->fd, zeros, PING_LEN, MSG_NOSIGNAL) != PING_LEN)
		fail(c);
}

/* The first round trips begin together. */
static void
ping_ready(struct client *c)
{
	(void)c;
	if (ready < opt.at_once)
		return;
	start_ns = now_ns();
	for (unsigned i = 0; i < opt.at_once; i++)
		if (clients[i].phase == RUNNING)
			ping_send(&clients[i]);
}

static void
ping_event(struct client *c, uint32_t events)
{
	char buf[PING_LEN];
	ssize_t n = recv(c->fd, buf, PING_LEN - c->got, 0);

	(void)events;
	if (would_block(n))
		return;
	if (n <= 0) {
		fail(c);
		return;
	}
	c->got += (size_t)n;
	if (c->got < PING_LEN)
		return;
	c->got = 0;
	end_ns = now_ns();
	sample(end_ns - c->since_ns);
	if (stopping)
		finish(c);
	else
		ping_send(c);
}

static void
ping_stop(struct client *c)
{
	(void)c;	/* the round trip under way ends first */
}

static void
ping_print(void)
{
	printf("trips=%zu rate=%.1f ", samples_len, (double)samples_len / seconds_run());
	print_latency();
}

/* ---- idle ---- */

static void
idle_ready(struct client *c)
{
	(void)c;
	active--;	/* stays open, makes room for the next */
}

/* Nothing should come; an end counts as an error. */
static void
idle_event(struct client *c, uint32_t events)
{
	(void)events;
	active++;
	fail(c);
}

static void
idle_stop(struct client *c)
{
	(void)c;
}

static void
idle_print(void)
{
	printf("idle=%u ", ready);
}

/* ---- stall: like idle, but what comes is left unread ---- */

static void
stall_ready(struct client *c)
{
	watch(EPOLL_CTL_DEL, c, 0);
	active--;
}

/* ---- run ---- */

static const struct workload workloads[] = {
	{ "rate", MODE_CLOSE, rate_ready, rate_event, rate_stop, rate_print },
	{ "down", MODE_DOWN, down_ready, down_event, down_stop, bulk_print },
	{ "up", MODE_UP, up_ready, up_event, up_stop, bulk_print },
	{ "ping", MODE_ECHO, ping_ready, ping_event, ping_stop, ping_print },
	{ "idle", MODE_IDLE, idle_ready, idle_event, idle_stop, idle_print },
	{ "stall", MODE_DOWN, stall_ready, idle_event, idle_stop, idle_print },
};

static bool
wants_more_clients(void)
{
	return !stopping && active < opt.at_once && opened < opt.total;
}

/* Open clients in free slots until enough are under way, or all of them failed at once. */
static void
open_clients(unsigned slots)
{
	static unsigned next;

	for (unsigned i = 0; i < opt.at_once && wants_more_clients(); i++) {
		while (clients[next % slots].phase != CLOSED)
			next++;
		open_client(&clients[next % slots]);
	}
}

static void
stop_clients(unsigned slots)
{
	stopping = true;
	for (unsigned i = 0; i < slots; i++)
		if (clients[i].phase == RUNNING)
			work->stop(&clients[i]);
}

static void
poll_clients(void)
{
	struct epoll_event e[256];
	int n = epoll_wait(ep, e, 256, 20);

	if (n == -1 && errno != EINTR)
		die("epoll_wait");
	for (int i = 0; i < n; i++)
		on_event(e[i].data.ptr, e[i].events);
}

static void
run_clients(unsigned slots)
{
	uint64_t limit_ns;

	start_ns = end_ns = now_ns();
	limit_ns = start_ns + (uint64_t)(opt.seconds * 1e9);
	for (;;) {
		open_clients(slots);
		if (active == 0 && !wants_more_clients())
			break;
		poll_clients();
		if (!stopping && now_ns() >= limit_ns)
			stop_clients(slots);
		if (stopping && now_ns() >= limit_ns + DRAIN_NS)
			break;
	}
	errors += active;	/* never came to an end */
}

static void
on_stop_signal(int sig)
{
	(void)sig;
	stop_signal = 1;
}

/* Keep the connections until somebody has seen enough of them. */
static void
hold_clients(void)
{
	fflush(stdout);
	while (!stop_signal)
		poll_clients();
}

static int
run_workload(void)
{
	bool idle = work->stop == idle_stop, limited = work->mode != MODE_CLOSE;
	unsigned slots;

	if (opt.total == 0)
		opt.total = limited ? opt.at_once : UINT32_MAX;
	slots = idle ? opt.total : opt.at_once;
	clients = calloc(slots, sizeof(*clients));
	if (clients == NULL)
		die("memory");
	make_hello(work->mode, opt.name);
	run_clients(slots);
	work->print();
	printf("errors=%u seconds=%.3f\n", errors, seconds_run());
	if (idle)
		hold_clients();
	return errors == 0 ? 0 : 111;
}

/* ---- what is not a workload ---- */

/* Write the hello to fd and read the whole reply; false on anything else. Blocking. */
static bool
greet(int fd)
{
	char buf[REPLY_LEN];
	size_t got = 0;
	ssize_t n;

	choose_name();
	if (send(fd, greeting, greeting_len, MSG_NOSIGNAL) != (ssize_t)greeting_len)
		return false;
	while (got < REPLY_LEN && (n = recv(fd, buf, REPLY_LEN - got, 0)) > 0)
		got += (size_t)n;
	return got == REPLY_LEN;
}

static void
set_patience(int fd)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_sec = 2 },
	    sizeof(struct timeval));
}

static int
run_wait(void)
{
	struct sockaddr_in to = loopback(opt.port);
	uint64_t limit_ns = now_ns() + (uint64_t)(opt.seconds * 1e9);
	bool served = false;
	int fd;

	make_hello(MODE_CLOSE, opt.name);
	while (!served && now_ns() < limit_ns) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd == -1)
			die("socket");
		set_patience(fd);
		served = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 && greet(fd);
		close(fd);
		if (!served)
			usleep(1000);
	}
	return served ? 0 : 111;
}

static int
run_freeport(void)
{
	struct sockaddr_in a;
	int fd;

	/* Below the ephemeral ports, or a visitor of our own might take it meanwhile. */
	srandom((unsigned)(now_ns() ^ (uint64_t)getpid()));
	for (int i = 0; i < 1000; i++) {
		a = loopback(12000 + (unsigned)random() % 20000);
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd != -1 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0) {
			printf("%u\n", ntohs(a.sin_port));
			return 0;
		}
		close(fd);
	}
	die("no free port");
}

static pid_t
start_on(int fd, char **argv)
{
	pid_t pid = fork();

	if (pid == -1)
		die("fork");
	if (pid > 0)
		return pid;
	if (dup2(fd, 0) == -1 || dup2(fd, 1) == -1)
		die("dup2");
	execvp(argv[0], argv);
	die("%s", argv[0]);
}

static void
launch_once(char **argv)
{
	int pair[2], status = 0;
	uint64_t began_ns;
	bool served;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		die("socketpair");
	set_patience(pair[0]);
	began_ns = now_ns();
	pid = start_on(pair[1], argv);
	close(pair[1]);
	served = greet(pair[0]);
	if (served)
		sample(now_ns() - began_ns);
	else
		kill(pid, SIGKILL);
	close(pair[0]);
	if (waitpid(pid, &status, 0) == -1)
		die("waitpid");
	if (!served || status != 0)
		errors++;
}

static int
run_launch(char **argv)
{
	setenv("TCPREMOTEIP", "192.0.2.1", 1);
	setenv("TCPREMOTEPORT", "50000", 1);
	make_hello(MODE_CLOSE, opt.name);
	for (unsigned i = 0; i < (opt.total == 0 ? 1 : opt.total); i++)
		launch_once(argv);
	print_latency();
	printf("errors=%u\n", errors);
	return errors == 0 ? 0 : 111;
}

/* ---- options ---- */

static int
bad_usage(void)
{
	fputs(usage, stderr);
	return 100;
}

static bool
parse_options(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "+c:n:t:k:s:v:y")) != -1) {
		switch (o) {
		case 'c':
			opt.at_once = (unsigned)atoi(optarg);
			break;
		case 'n':
			opt.total = (unsigned)atoi(optarg);
			break;
		case 't':
			opt.seconds = atof(optarg);
			break;
		case 'k':
			opt.names = (unsigned)atoi(optarg);
			break;
		case 's':
			opt.name = optarg;
			opt.names = 0;
			break;
		case 'v':
			opt.visitor = optarg;
			break;
		case 'y':
			opt.copy = true;
			break;
		default:
			return false;
		}
	}
	return opt.at_once > 0;
}

static void
prepare(void)
{
	struct rlimit r;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_stop_signal);
	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (ep == -1)
		die("epoll_create1");
}

int
main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";

	if (argc < 2 || !parse_options(argc - 1, argv + 1))
		return bad_usage();
	argv += 1 + optind;
	prepare();
	if (opt.visitor != NULL)
		put_proxy_header(opt.visitor);
	if (strcmp(word, "freeport") == 0)
		return run_freeport();
	if (strcmp(word, "launch") == 0 && argv[0] != NULL)
		return run_launch(argv);
	if (argv[0] == NULL || argv[1] != NULL)
		return bad_usage();
	opt.port = (unsigned)atoi(argv[0]);
	if (strcmp(word, "wait") == 0)
		return run_wait();
	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++)
		if (strcmp(word, workloads[i].word) == 0)
			work = &workloads[i];
	return work == NULL ? bad_usage() : run_workload();
}
