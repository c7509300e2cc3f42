/* SPDX-License-Identifier: ISC */
/* Take the connections sniroute hands over with pass:, and start a program for each. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "addr.h"
#include "ev.h"
#include "host.h"
#include "launch_std.h"
#include "log.h"
#include "notify.h"
#include "num.h"
#include "proxyhdr.h"
#include "sock.h"
#include "ucspi.h"

#define CHILDREN_DEFAULT 40u
#define CHILDREN_MAX 100000u
#define MESSAGE_SECONDS 5	/* for a sender to send its message */
#define RETRY_MS 1000		/* after a failed fork(), or without descriptors */
#define USAGE "usage: pass-exec [-c N] [-n FD] SOCKET PROGRAM [ARG]..."

struct passexec {
	struct ev *ev;
	struct ev_io listener;
	struct ev_timer retry;
	char **program;
	uint64_t max, children, notify_fd;
	pid_t *child;		/* owned: max of them, the first children are under way */
	bool listening;		/* in the loop: off while max programs run */
};

/* What was handed over. */
struct handed {
	int fd;			/* owned; -1: nothing came */
	struct proxyhdr hdr;	/* borrows from bytes */
	size_t len;
	uint8_t bytes[PROXYHDR_READ_MAX];
};

/* ---- the child: receive, check, become the program ---- */

/* The descriptor comes with the first bytes; a stream may cut the rest into any pieces. */
static enum proxyhdr_result
read_message(int fd, struct handed *h)
{
	enum proxyhdr_result r = PROXYHDR_MORE;
	size_t used = 0;
	ssize_t n;
	int passed;

	while (r == PROXYHDR_MORE && h->len < sizeof(h->bytes)) {
		n = sock_recv_fd(fd, h->bytes + h->len, sizeof(h->bytes) - h->len, &passed);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return PROXYHDR_MORE;
		if (h->fd == -1)
			h->fd = passed;
		else if (passed != -1)
			close(passed);
		h->len += (size_t)n;
		r = proxyhdr_read(h->bytes, h->len, &h->hdr, &used);
	}
	return r == PROXYHDR_OK && used != h->len ? PROXYHDR_BAD : r;
}

static void
receive(int fd, struct handed *h)
{
	h->fd = -1;
	h->len = 0;
	(void)fcntl(fd, F_SETFL, 0);	/* a child of its own may wait */
	alarm(MESSAGE_SECONDS);
	if (read_message(fd, h) != PROXYHDR_OK)
		diex(EXIT_USAGE, "the message handed over is not a whole PROXY header");
	if (h->fd == -1)
		diex(EXIT_USAGE, "no descriptor came with the message");
	if (!sock_is_stream(h->fd))
		diex(EXIT_USAGE, "the descriptor handed over is not a stream socket");
	alarm(0);
	close(fd);
	if (h->hdr.src.family == AF_UNSPEC) {	/* LOCAL: the socket's own addresses hold */
		sock_peer(h->fd, &h->hdr.src);
		sock_local(h->fd, &h->hdr.dst);
	}
}

static void
set_var(const char *name, const char *value)
{
	if (ucspi_set(name, value) == -1)
		die(EXIT_TEMP, "environment");
}

/* A protocol name may hold any byte; what is not printable goes nowhere near a shell. */
static bool
is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] <= 0x20 || text.p[i] >= 0x7f)
			return false;
	return text.len > 0 && text.len <= 255;
}

static void
set_text(const char *name, struct slice value, bool valid)
{
	char text[256] = "";

	if (valid)
		memcpy(text, value.p, value.len);
	set_var(name, valid ? text : NULL);
}

static void
set_environment(const struct handed *h)
{
	char name[HOST_MAX + 1];
	size_t len = host_normalize(h->hdr.authority, name);

	if (ucspi_setenv(&h->hdr.src, &h->hdr.dst, NULL) == -1)
		die(EXIT_TEMP, "environment");
	set_var("PASS_NAME", len > 0 ? name : NULL);
	set_text("PASS_KIND", h->hdr.kind,
	    slice_is(h->hdr.kind, "tls") || slice_is(h->hdr.kind, "tcp"));
	set_text("PASS_ALPN", h->hdr.alpn, is_printable(h->hdr.alpn));
}

static void
log_start(const struct handed *h)
{
	char peer[ENDPOINT_TEXT_MAX], name[LOG_VALUE_MAX], alpn[LOG_VALUE_MAX], kind[LOG_VALUE_MAX];

	log_info("pid=%d peer=%s name=%s kind=%s alpn=%s", (int)getpid(),
	    endpoint_text(&h->hdr.src, peer), log_value(h->hdr.authority, name),
	    log_value(h->hdr.kind, kind), log_value(h->hdr.alpn, alpn));
	log_flush();
}

/*
 * The sender left O_NONBLOCK on: it belongs to the open socket,
 * not to the descriptor, so it came along.
 */
static void
put_on_0_and_1(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == -1 ||
	    dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1)
		die(EXIT_TEMP, "the client's socket");
	close(fd);
}

static _Noreturn void
run_child(const struct passexec *pe, int fd)
{
	struct handed h;

	ev_signal_reset();
	signal(SIGPIPE, SIG_DFL);
	receive(fd, &h);
	set_environment(&h);
	log_start(&h);
	put_on_0_and_1(h.fd);
	execvp(pe->program[0], pe->program);
	die(EXIT_TEMP, "%s", pe->program[0]);
}

/* ---- the parent: accept, start, reap ---- */

static void
listen_on(struct passexec *pe, bool on)
{
	if (on == pe->listening)
		return;
	if (on && ev_add(pe->ev, &pe->listener, EV_READ) == -1)
		die(EXIT_TEMP, "event loop");
	if (!on)
		ev_del(pe->ev, &pe->listener);
	pe->listening = on;
}

static void
rest(struct passexec *pe, const char *what)
{
	log_warn("%s: %s; trying again", what, strerror(errno));
	listen_on(pe, false);
	ev_timer_in(pe->ev, &pe->retry, RETRY_MS);
}

static void
on_retry(struct ev_timer *t)
{
	struct passexec *pe = EV_CONTAINER(t, struct passexec, retry);

	listen_on(pe, pe->children < pe->max);
}

static void
start_child(struct passexec *pe, int fd)
{
	pid_t pid;

	log_flush();
	pid = fork();
	if (pid == 0)
		run_child(pe, fd);
	close(fd);
	if (pid == -1) {
		rest(pe, "fork");
		return;
	}
	pe->child[pe->children++] = pid;
	if (pe->children == pe->max)
		listen_on(pe, false);
}

static void
on_accept(struct ev_io *io, unsigned events)
{
	struct passexec *pe = EV_CONTAINER(io, struct passexec, listener);
	struct endpoint peer;
	int fd;

	(void)events;
	switch (sock_accept(io->fd, &fd, &peer)) {
	case SOCK_ACCEPTED:
		start_child(pe, fd);
		break;
	case SOCK_NONE:
	case SOCK_GONE:
		break;
	case SOCK_FULL:
	case SOCK_BROKEN:
		rest(pe, "accept");
		break;
	}
}

/* False: not one of ours. It was there before us, or came to us as PID 1. */
static bool
forget(struct passexec *pe, pid_t pid)
{
	for (uint64_t i = 0; i < pe->children; i++) {
		if (pe->child[i] == pid) {
			pe->child[i] = pe->child[--pe->children];
			return true;
		}
	}
	return false;
}

static void
on_child(void *arg, int signo)
{
	struct passexec *pe = arg;
	int status;
	pid_t pid;

	(void)signo;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (forget(pe, pid))
			log_info("pid=%d %s=%d", (int)pid,
			    WIFSIGNALED(status) ? "signal" : "exit",
			    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (pe->retry.due_ms == 0)
		listen_on(pe, pe->children < pe->max);
}

static void
on_stop(void *arg, int signo)
{
	(void)signo;
	ev_stop(((struct passexec *)arg)->ev);
}

/* ---- options and start ---- */

static uint64_t
number(const char *option, const char *text, uint64_t min, uint64_t max)
{
	uint64_t n;

	if (!num_parse(slice_str(text), min, max, &n))
		diex(EXIT_USAGE, "-%s %s: not a number from %" PRIu64 " to %" PRIu64, option, text,
		    min, max);
	return n;
}

/* Returns the path of the socket. */
static const char *
parse_options(struct passexec *pe, int argc, char **argv)
{
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, "+:c:n:h")) != -1) {
		switch (c) {
		case 'c':
			pe->max = number("c", optarg, 1, CHILDREN_MAX);
			break;
		case 'n':
			pe->notify_fd = number("n", optarg, 0, INT32_MAX);
			if (fcntl((int)pe->notify_fd, F_GETFD) == -1)
				diex(EXIT_USAGE, "-n %s: not an open descriptor", optarg);
			break;
		case 'h':
			puts(USAGE);
			exit(0);
		default:
			diex(EXIT_USAGE, USAGE);
		}
	}
	if (argc - optind < 2)
		diex(EXIT_USAGE, USAGE);
	pe->program = argv + optind + 1;
	return argv[optind];
}

static void
listen_at(struct passexec *pe, const char *path)
{
	char text[SOCK_NAME_MAX];
	enum addr_result r = ADDR_BAD_PATH;
	struct addr a;

	if (snprintf(text, sizeof(text), "unix:%s", path) < (int)sizeof(text))
		r = addr_parse(slice_str(text), ADDR_LISTEN, &a);
	if (r != ADDR_OK)
		diex(EXIT_USAGE, "%s: %s", path, addr_why(r, ADDR_LISTEN));
	if (sock_listen(&a, &pe->listener.fd) == -1)
		die(EXIT_TEMP, "listen %s", path);
}

static int
serve(struct passexec *pe, const char *path)
{
	pe->listener.cb = on_accept;
	pe->retry.cb = on_retry;
	pe->child = calloc(pe->max, sizeof(*pe->child));
	if (pe->child == NULL)
		die(EXIT_TEMP, "-c");
	pe->ev = ev_new();
	if (pe->ev == NULL || ev_signal(pe->ev, SIGCHLD, on_child, pe) == -1 ||
	    ev_signal(pe->ev, SIGTERM, on_stop, pe) == -1 ||
	    ev_signal(pe->ev, SIGINT, on_stop, pe) == -1)
		return -1;
	ev_before_wait(pe->ev, log_turn);
	listen_on(pe, true);
	if (notify_ready_fd(pe->notify_fd, path) == -1)
		exit(EXIT_TEMP);
	return ev_run(pe->ev);
}

int
main(int argc, char **argv)
{
	struct passexec pe = { .max = CHILDREN_DEFAULT, .notify_fd = NOTIFY_NO_FD };
	const char *path;

	launch_fill_std();
	log_init("pass-exec", LOG_LEVEL_INFO, false);
	path = parse_options(&pe, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	listen_at(&pe, path);
	if (serve(&pe, path) == -1)
		die(EXIT_TEMP, "event loop");
	unlink(path);
	ev_free(pe.ev);
	free(pe.child);
	log_flush();
	return 0;
}
