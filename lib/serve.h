/* SPDX-License-Identifier: ISC */
/*
 * A server process: launches, accepting within limits, connections and their end, signals, reload,
 * drain. A tool fills in a serve_conf, provides its serve_ops, and calls serve_main(); everything
 * else it does happens in its callbacks.
 */
#ifndef SERVE_H
#define SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connlog.h"
#include "ev.h"
#include "launch_std.h"
#include "listeners.h"
#include "metrics.h"
#include "notify.h"
#include "opts.h"
#include "quota.h"
#include "routeset.h"
#include "scrape_door.h"

#define SERVE_UNSET UINT64_MAX	/* a number option that was not given */
#define SERVE_WORKERS_MAX 64u

/* The options all listening tools share. Times in ms, 0: off. */
struct serve_conf {
	struct opt_list listen, routes;
	const char *metrics, *user, *accept_proxy;
	uint64_t notify_fd, grace_ms, leave_ms, workers, max_conns, max_per_source;
	uint64_t hello_ms, connect_ms, idle_ms, half_close_ms;
	bool check, log_time, verbose;
	bool routes_listen;	/* set by the tool: it binds the addresses of its routes files */
	bool no_one;		/* set by the tool: it can't serve one connection on 0 and 1 */
	const struct serve_door *doors;	/* other addresses, bound after -l in order; borrowed */
	size_t n_doors;
	const char *reread;	/* a file the tool re-reads besides its routes files; NULL: none */
	const char *folder;	/* with files the tool opens while it serves; NULL: none */
	const struct opt_file *kept;	/* files the tool writes (path NULL: not that one) */
	size_t n_kept;
};

/* Addresses a tool listens on for a purpose of their own. */
struct serve_door {
	const char *option;		/* "--visitors" */
	const struct opt_list *addrs;
	uint8_t role;			/* listener.role; of -l and of inherited sockets: 0 */
	bool unlimited;			/* peers stand for many clients: no --max-per-source */
};

#define SERVE_CONF_DEFAULTS                                                                        \
	.notify_fd = NOTIFY_NO_FD, .grace_ms = 30000, .workers = 1, .max_conns = SERVE_UNSET,      \
	.max_per_source = SERVE_UNSET, .hello_ms = 5000, .connect_ms = 5000, .idle_ms = 600000,    \
	.half_close_ms = 60000

/*
 * Their rows of the option table; c is a struct serve_conf.
 * A tool without routes files leaves that row out.
 */
#define SERVE_OPTIONS(c) SERVE_OPTION_LISTEN(c), SERVE_OPTION_ROUTES(c), SERVE_OPTIONS_OTHER(c)
#define SERVE_OPTION_LISTEN(c)                                                                     \
	{ 'l', "listen", "ADDR", OPT_LIST, &(c).listen, 0, 0, "listen on ADDR (repeatable)" }
#define SERVE_OPTION_ROUTES(c)                                                                     \
	{ 'r', "routes", "FILE", OPT_LIST, &(c).routes, 0, 0,                                      \
	    "routes file, see routes(5) (repeatable)" }
#define SERVE_OPTIONS_OTHER(c)                                                                     \
	SERVE_OPTIONS_WORDED(c, "worker processes (1)",                                            \
	    "connections at once per worker (what descriptors allow)",                             \
	    "for each attempt to reach a target (5)")
/* The same with help texts of the tool's own for these three. */
#define SERVE_OPTIONS_WORDED(c, workers_help, max_conns_help, connect_timeout_help)                \
	OPTS_CHECK(c),                                                                             \
	{ 'n', "notify-fd", "FD", OPT_FD, &(c).notify_fd, 0, 0,                                    \
	    "write the bound addresses to FD when ready" },                                        \
	{ 'g', "grace", "SECONDS", OPT_SECONDS, &(c).grace_ms, 0, OPTS_MS_MAX,                     \
	    "let connections finish for SECONDS on TERM (30)" },                                   \
	{ 'j', "workers", "N", OPT_NUMBER, &(c).workers, 1, SERVE_WORKERS_MAX, workers_help },     \
	{ 'm', "metrics", "ADDR", OPT_TEXT, &(c).metrics, 0, 0, "serve /metrics on ADDR" },        \
	{ 'u', "user", "USER[:GROUP]", OPT_TEXT, &(c).user, 0, 0,                                  \
	    "drop privileges to USER after binding" },                                             \
	{ 0, "max-conns", "N", OPT_NUMBER, &(c).max_conns, 1, 10000000, max_conns_help },          \
	{ 0, "max-per-source", "N", OPT_NUMBER, &(c).max_per_source, 0, 10000000,                  \
	    "connections at once per address or v6 /64 (a quarter of --max-conns)" },              \
	{ 0, "hello-timeout", "SECONDS", OPT_SECONDS, &(c).hello_ms, 0, OPTS_MS_MAX,               \
	    "time limit for a whole hello, head or PROXY header (5)" },                            \
	{ 0, "connect-timeout", "SECONDS", OPT_SECONDS, &(c).connect_ms, 0, OPTS_MS_MAX,           \
	    connect_timeout_help },                                                                \
	{ 0, "idle-timeout", "SECONDS", OPT_SECONDS, &(c).idle_ms, 0, OPTS_MS_MAX,                 \
	    "close after SECONDS without a byte in either direction (600)" },                      \
	{ 0, "half-close-timeout", "SECONDS", OPT_SECONDS, &(c).half_close_ms, 0, OPTS_MS_MAX,     \
	    "the same once one side has ended (60)" },                                             \
	{ 0, "accept-proxy", "CIDR,...", OPT_MAYBE, &(c).accept_proxy, 0, 0,                       \
	    "clients (of CIDR) send a PROXY header first" },                                       \
	OPTS_LAST(c)

/*
 * The series all tools have, before their own; T is the tool's name as a string literal. Those
 * of routes files are separate.
 */
enum {
	M_CONNS,
	M_ACCEPTED,
	M_SOURCE_LIMITED,
	M_PAUSES,
	M_RX,
	M_TX,
	M_END,					/* one per conn_end */
	M_ROUTES = M_END + END_COUNT,
	M_ROUTES_BYTES,
	M_RELOADS_OK,
	M_RELOADS_FAILED,
	M_WORKERS,
	M_WORKERS_REPLACED,
	M_SERVE_COUNT
};

#define SERVE_METRIC_END(T, i, word)                                                               \
	[M_END + (i)] = { T "_connections_total", "end=\"" word "\"",                              \
	    "Connections that ended, by how.", METRIC_COUNTER }
#define SERVE_METRICS(T)                                                                           \
	[M_CONNS] = { T "_connections", NULL, "Connections open now.", METRIC_GAUGE },             \
	[M_ACCEPTED] = { T "_accepted_total", NULL, "Connections accepted.", METRIC_COUNTER },     \
	[M_SOURCE_LIMITED] = { T "_source_limited_total", NULL,                                    \
	    "Connections closed over --max-per-source.", METRIC_COUNTER },                         \
	[M_PAUSES] = { T "_accept_pauses_total", NULL,                                             \
	    "Times accepting was paused: out of descriptors or at --max-conns.",                   \
	    METRIC_COUNTER },                                                                      \
	[M_RX] = { T "_received_bytes_total", NULL,                                                \
	    "Payload bytes received from clients.", METRIC_COUNTER },                              \
	[M_TX] = { T "_sent_bytes_total", NULL,                                                    \
	    "Payload bytes sent to clients.", METRIC_COUNTER },                                    \
	SERVE_METRIC_END(T, END_CLOSED, "closed"), SERVE_METRIC_END(T, END_PASSED, "passed"),      \
	SERVE_METRIC_END(T, END_CLIENT_RESET, "client-reset"),                                     \
	SERVE_METRIC_END(T, END_TARGET_RESET, "target-reset"),                                     \
	SERVE_METRIC_END(T, END_IDLE, "idle"), SERVE_METRIC_END(T, END_HALF_CLOSE, "half-close"),  \
	SERVE_METRIC_END(T, END_HELLO, "hello"), SERVE_METRIC_END(T, END_NO_ROUTE, "no-route"),    \
	SERVE_METRIC_END(T, END_DENIED, "denied"), SERVE_METRIC_END(T, END_LIMIT, "limit"),        \
	SERVE_METRIC_END(T, END_UNREACHABLE, "unreachable"),                                       \
	SERVE_METRIC_END(T, END_DRAIN, "drain"),                                                   \
	[M_WORKERS] = { T "_workers", NULL, "Worker processes.", METRIC_GAUGE },                   \
	[M_WORKERS_REPLACED] = { T "_workers_replaced_total", NULL,                                \
	    "Worker processes that died and were replaced.", METRIC_COUNTER }
#define SERVE_ROUTES_METRICS(T)                                                                    \
	[M_ROUTES] = { T "_routes_lines", NULL,                                                    \
	    "Lines in the routes files in use.", METRIC_GAUGE },                                   \
	[M_ROUTES_BYTES] = { T "_routes_bytes", NULL,                                              \
	    "Memory of the routes tables in use.", METRIC_GAUGE },                                 \
	[M_RELOADS_OK] = { T "_routes_reloads_total", "result=\"ok\"",                             \
	    "Routes files read again.", METRIC_COUNTER },                                          \
	[M_RELOADS_FAILED] = { T "_routes_reloads_total", "result=\"failed\"",                     \
	    "Routes files read again.", METRIC_COUNTER }

struct serve;
struct parent;

/* A client just accepted: descriptors and what is known of it. */
struct serve_client {
	int in_fd, out_fd;	/* equal but for a connection over two pipes; callee's to close */
	struct endpoint peer;
	struct listener *via;	/* NULL: one connection on descriptors 0 and 1 */
	uint64_t source;	/* its entry in the per-source quota, 0: none */
};

/* What serve knows of a connection; embedded in the tool's. Set by serve_enter(). */
struct serve_conn {
	struct serve_conn *next, **at;
	struct listener *via;
	uint64_t id, started_ms, source;
	struct endpoint peer;	/* the tool may put the address from a PROXY header here */
};

struct serve_ops {
	/* Once per serving process, before the first client; -1 with errno, 0: it is logged. */
	int (*start)(struct serve *s);
	/* A client: call serve_enter() with it or close it. */
	void (*accept)(struct serve *s, const struct serve_client *client);
	/*
	 * Events of the descriptor c writes to, where it is not the one it reads from. They may
	 * come after it was closed: epoll goes on watching while another process holds it. NULL
	 * with no_one.
	 */
	void (*out)(struct serve_conn *c, unsigned events);
	/* End the connection now, as END_DRAIN. */
	void (*cut)(struct serve *s, struct serve_conn *c);
	/* The tables were replaced, or SIGHUP came (both may be NULL). */
	void (*routes_changed)(struct serve *s);
	void (*hup)(struct serve *s);
	/* SIGUSR1: the status line was logged, the tool may add one of its own. May be NULL. */
	void (*status)(struct serve *s);
	/*
	 * TERM came: announce elsewhere that we are leaving. Draining begins leave_ms later; until
	 * then all goes on. May be NULL.
	 */
	void (*leaving)(struct serve *s);
	/* Draining begins: end what has nothing under way. May be NULL. */
	void (*drain)(struct serve *s);
	/*
	 * At the process's end: release what start() made, as far as it got; even without start().
	 * May be NULL.
	 */
	void (*stop)(struct serve *s);
};

/* One serving process. The fields are for the tool to read. */
struct serve {
	const struct serve_conf *conf;
	const struct serve_ops *ops;
	void *arg;			/* the tool's own */
	struct ev *ev;
	struct routeset *routes;
	struct metrics *metrics;
	struct quota *quota;
	unsigned worker;		/* which: its row of metrics and quota */
	bool leaving, draining;
	bool one;			/* the one-connection launch */
	int one_exit;			/* its exit code, by serve_leave(); a tool may change it */

	unsigned max_pipes;		/* relay pipes this process may have, by its fd limit;
					   none for one connection */
	struct serve_conn *conns;	/* the open ones, the newest first */
	struct ev_io out;		/* of one connection over two pipes: the one to write to */
	uint64_t max_conns, most_conns;	/* how many there may be now, and ever */

	/* private to lib's serve files */
	struct listeners listeners;
	uint64_t open_conns, max_per_source;
	uint64_t max_fds;		/* the limit of descriptors */
	struct ev_timer grace, resume, retry_bind;
	void (*on_tables)(struct serve *s);	/* these two are serve_keep_files()'s */
	listeners_event *on_listener;
	struct parent *parent;		/* in the parent of workers */
	bool follows;			/* a worker: its parent reads files, binds, gives orders */
	bool announced;			/* readiness was reported, its descriptor closed */
	bool reloading;			/* that was reported, and its end is to be */
	bool paused;			/* accepting is */
	bool timed_pause;		/* and goes on after a while, not when a connection ends */
	bool bind_failed;		/* at start: some addresses are to be bound later */
	/*
	 * When accepting was last stopped: by --max-conns, by a lack, by an error of an address;
	 * 0: never.
	 */
	uint64_t full_ms, starved_ms, broken_ms;
	struct scrape_door metrics_door;
};

/* Add to series i of this process, or set it: see metrics_add(), metrics_set(). */
static inline void
serve_count(struct serve *s, size_t i, int64_t by)
{
	metrics_add(s->metrics, s->worker, i, by);
}

static inline void
serve_set_metric(struct serve *s, size_t i, int64_t value)
{
	metrics_set(s->metrics, s->worker, i, value);
}

/*
 * Run: decides the launch, loads the routes files, binds, drops privileges, forks workers, serves
 * until TERM. Returns the exit code; errors are logged. metrics_table begins with SERVE_METRICS().
 */
int serve_main(const struct serve_conf *conf, const struct serve_ops *ops, void *arg,
    const struct metric *metrics_table, size_t metrics_n);

/*
 * Check what the option table cannot, --accept-proxy: false, logged, when it is no list of CIDRs.
 * Opens nothing.
 */
bool serve_check_opts(const struct serve_conf *conf);

/* Whether a client from peer must send a PROXY header first (--accept-proxy). */
bool serve_wants_proxyhdr(const struct serve_conf *conf, const struct endpoint *peer);

/*
 * c->peer is known at last, from the PROXY header: it counts for --max-per-source from now on, in
 * place of whoever brought it. False: it has too many already, which was logged; close it.
 */
bool serve_count_source(struct serve *s, struct serve_conn *c);

/*
 * Link a new connection: numbers it, counts it.
 * Takes over the client's hold on its listener and quota.
 */
void serve_enter(struct serve *s, struct serve_conn *c, const struct serve_client *client);

/*
 * Watch a connection's descriptors, edge-triggered: in for want, and for room the one written to if
 * that is another, see ops->out(). -1 with errno.
 */
int serve_watch(struct serve *s, struct ev_io *in, unsigned want, int out_fd);

/* No memory for a client: close it and give back its place. */
void serve_turn_away(struct serve *s, const struct serve_client *client);

/*
 * Its end: logs line (id, peer, ms, end are filled in from c and end), counts, unlinks.
 * c is the caller's to free. Its descriptors are closed by launch_close().
 */
void serve_leave(struct serve *s, struct serve_conn *c, enum conn_end end, struct connlog *line);

/* No descriptor was left: pause accepting, so that what is open can go on. */
void serve_out_of_fds(struct serve *s);

/*
 * For --check and --explain: load the files (errors as "FILE:LINE: reason" on standard error).
 * 0, or the exit code; that of --check is always EXIT_USAGE.
 */
int serve_check(const struct serve_conf *conf, struct routeset **rs);

#endif
