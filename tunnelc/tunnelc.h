/* SPDX-License-Identifier: ISC */
/*
 * tunnelc as a whole: its options, what the parts of its one process share, and how they meet.
 *
 * The ancestors are tcprouter's programs, whose protocol --secret-file speaks: no TLS, no keys, no
 * names, a shared secret (see THE ANCESTORS' HANDSHAKE in tunnel(7)). Their first handshake makes a
 * raw connection, which carries one visitor; their second one a session of yamux, as ours is.
 */
#ifndef TUNNELC_H
#define TUNNELC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "connlog.h"
#include "control.h"
#include "dial.h"
#include "ev.h"
#include "file.h"
#include "identity.h"
#include "mux.h"
#include "opts.h"
#include "proxyhdr.h"
#include "relay.h"
#include "resolve.h"
#include "slice.h"
#include "tls.h"
#include "words.h"

#define RETRY_MAX_MS 60000u	/* the longest of the growing bounds on retries */
#define DEAD_MS 20000u		/* a server silent for so long is lost; its welcome may differ */
#define REACH_MS 10000u		/* to connect to a server, over all its addresses */

struct options {
	struct opt_list servers;	/* -s HOST:PORT */
	struct opt_list pins;		/* -k ID: any of them */
	const char *known_servers;	/* --known-servers FILE: lines HOST:PORT ID */
	const char *secret_file;	/* --secret-file FILE: the ancestors' handshake */
	const char *identity;		/* -i KEYFILE */
	const char *new_key;		/* --new-key FILE */
	const char *proxy;		/* -x http://HOST:PORT */
	const char *metrics;
	char **words;			/* KIND[:NAME]=TARGET, proxy=v1|v2, then NULL (argv) */
	char **program;			/* after --, NULL: none */
	uint64_t notify_fd, grace_ms;
	uint64_t connect_ms, idle_ms, half_close_ms, hello_ms;
	bool id, ready, check, log_time, verbose;
};

enum {
	M_UP, M_SESSIONS_TOTAL, M_DIALS_FAILED, M_VISITORS, M_VISITORS_OK, M_VISITORS_REFUSED, M_RX,
	M_TX, M_COUNT
};

/* This process's. */
struct tunnelc {
	const struct options *opts;
	struct ev *ev;
	struct words words;
	const struct identity *identity;	/* NULL with --secret-file */
	char instance[CONTROL_INSTANCE_LEN + 1];	/* this process's, random */
	struct tls_context *tls;
	struct resolver *resolver;
	struct dialer *dialer;			/* of local targets */
	struct mux_pool *muxes;
	struct relay_pool *relays;		/* for the ancestors' raw handshake */
	struct metrics *metrics;
	struct rlimit descriptors;		/* before we raised it: what programs get; zero:
						   not known */
	struct slice secret;			/* of --secret-file; absent without one */
	struct server **servers;		/* one per -s */
	size_t n_servers;
	uint32_t visitors;			/* here now, by all servers */
	uint64_t last_conn;			/* the newest visitor's number in the log */
	bool welcomed;				/* at least once: readiness was announced */
	bool draining;
};
extern struct tunnelc *the;

/* Whether we speak the ancestors' protocol. */
static inline bool
by_secret(void)
{
	return the->secret.p != NULL;
}

/* ---- options.c ---- */

void options_parse(struct options *o, int argc, char **argv);

/* --new-key, --id and --ready stand alone. */
bool options_errand(const struct options *o);

/*
 * False: something is wrong; all of it was reported. What makes no sense as a whole ends the
 * process, with EXIT_USAGE. words: what the words of o say.
 */
bool options_check(const struct options *o, struct words *words);

/* ---- main.c ---- */

void app_welcomed(void);	/* a session was welcomed: the first one makes us ready */
void app_link_ended(void);	/* while draining: when no link is left we are done */
void app_count(int metric, int64_t by);

/*
 * A visitor is here, or has left: count it, log its line. Returns its number;
 * served: it was joined to something.
 */
uint64_t app_visitor_came(void);
void app_visitor_left(const struct connlog *line, bool served);
void app_turned_away(void);	/* both at once, of one there was no memory for */

/* ---- reach.c: from -s HOST:PORT to a connected socket ---- */

struct reach;

#define REACH_ADDRESSES_MAX 32u	/* of one name; any more are not tried */

/*
 * The addresses that were connected to since the last session, and made none. reach.c adds to n;
 * its owner sets it to 0 after a session, and takes off the last one if that is to be tried again.
 */
struct reach_vain {
	unsigned n;		/* in all; addr has the last of them */
	struct endpoint addr[REACH_ADDRESSES_MAX];	/* ring */
};

/*
 * Called once, later. why NULL: io->fd is connected, with TCP_NODELAY, watched edge-triggered for
 * read and write, and the callee's. Otherwise it is -1 and why says what failed (valid until the
 * call returns). The reach frees itself when this returns.
 */
typedef void reach_done(void *arg, const char *why);

/*
 * Connect io to server (HOST:PORT, [V6]:PORT, unix:/PATH; checked before): the name is looked up
 * anew, addresses of both families take turns, a new attempt starts 250 ms after the previous one
 * while that goes on (RFC 8305), the first one connected wins; timeout_ms is for all of it. With -x
 * connect to the proxy instead and ask it for the server by name (CONNECT, RFC 9110 9.3.6). The
 * addresses in vain, which is borrowed until done, come last, in their order; the one connected to
 * is added. NULL when out of memory. Owned by the caller until done is called.
 */
struct reach *reach_start(const char *server, uint64_t timeout_ms, struct reach_vain *vain,
    struct ev_io *io, reach_done *done, void *arg);

/* io's owner passes its events on until done is called. */
void reach_on_io(struct reach *r, unsigned events);
void reach_cancel(struct reach *r);	/* NULL is fine */

/* NULL, or what is wrong with a -x value. Static. */
const char *reach_check_proxy(const char *proxy);

/* ---- server.c: one server, and the links to it, one after the other, for ever ---- */

struct server;

/* One per -s; begins at once. NULL when out of memory. */
struct server *server_new(const char *address);
void server_drain(struct server *s);		/* say goodbye, let visitors finish */
void server_free(struct server *s);		/* now */
bool server_live(const struct server *s);	/* welcomed, and not yet lost */
bool server_over(const struct server *s);	/* drained: it has no link any more */

/* One line for USR1 and the log. */
const char *server_status(const struct server *s, char *out, size_t size);

/* ---- link.c: a connection to a server, which has one, and old ones whose visitors finish ---- */

struct link;

#define LINK_WHY_MAX 512u	/* bytes of why it ended, kept and compared */
#define LINK_NAMES_MAX 256u	/* and of names: longer ones are cut */

/*
 * Begin to connect. raw: the ancestors' first handshake; vain: as reach_start() has it. Frees
 * itself after server_down(). NULL when out of memory.
 */
struct link *link_new(struct server *s, const char *address, bool raw,
    struct reach_vain *vain);
void link_free(struct link *l);		/* now: its visitors end; server_down() is not called */
void link_drain(struct link *l);	/* no new visitors; it ends with the last one */
const char *link_state_word(const struct link *l);
uint32_t link_visitors(const struct link *l);

/* What a link reports to its owner, who keeps it until server_down(). */
void server_up(struct server *s, struct link *l, const char *names);	/* names: for the log */
void server_hint(struct server *s, uint64_t after_ms, uint64_t within_ms);
void server_leaving(struct server *s, struct link *l);	/* the server wants us to go elsewhere */

/* It has ended, and why; NULL: in order, so that the next one may come at once. */
void server_down(struct server *s, struct link *l, const char *why);

/* After server_leaving(), the server said when to come back: follow that unless it is too late. */
void server_plan_anew(struct server *s, const struct link *l);

/*
 * The server has this key, a right one. The server says that a newer session of this process
 * replaced this one.
 */
void server_met(struct server *s, const char *id);
void server_replaced(struct server *s);

/* The ancestors' server said nothing to this handshake: try the other one next time. */
void server_other_handshake(struct server *s);

/* For stream.c and raw.c: a visitor came by l, or left. */
void link_visitor(struct link *l, int by);

/* ---- pins.c: which key a server must have ---- */

/*
 * Whether id is right for server by -k or --known-servers (reread each time); if not, why says why.
 */
bool pin_ok(const char *server, const char *id, char why[static IDENTITY_WHY_MAX]);

/*
 * Log every error of -k, report those of --known-servers, a server without a line included, with
 * arg NULL: 0, or the exit code.
 */
typedef void pins_report(void *arg, const char *text);
int pins_check(const struct options *o, pins_report *report);

/* ---- stream.c: one visitor's stream joined to a local target, or to a program ---- */

/* The server opened a stream on m, l's: take it. */
void stream_opened(struct mux *m, struct link *l);
void stream_cut_all(void);			/* END_DRAIN */

/*
 * Write a PROXY header with these addresses to a fresh connection, if proxy= asks for one.
 * False: it has broken.
 */
bool stream_greet(int fd, const struct proxyhdr *h);

/* ---- raw.c: a visitor of the ancestors' first handshake, which has the whole connection ---- */

struct raw;

/*
 * Take over fd, where a visitor's first bytes can be read, watched by nobody;
 * link_visitor() says when it has left. NULL when out of memory: fd is then still the caller's.
 */
struct raw *raw_new(struct link *l, int fd);
void raw_cut(struct raw *r);			/* END_DRAIN */
void raw_more(struct relay *r);			/* for relay_pool_new() */

/* ---- program.c: a program per stream ---- */

/*
 * Start the program with a socket on its descriptors 0 and 1, nothing else of ours but 2, and the
 * UCSPI environment from h (PROTO=TCP, TCPREMOTEIP, TCPREMOTEPORT, TCPLOCALIP, TCPLOCALPORT,
 * TCPLOCALHOST = the name asked for). It returns 0 when the program runs: *fd is our end of the
 * socket, non-blocking, the caller's. Else *fd is -1, and it returns -1 with errno, for example
 * ENOENT; EUSERS when PROGRAMS_MAX are running, whether their visitors are still there or not.
 */
#define PROGRAMS_MAX 1024u
int program_start(const struct proxyhdr *h, int *fd);

/* After -1: log errno for this visitor; returns how it ends. */
enum conn_end program_failed(uint64_t conn);

/* Reap what has ended (also orphans, as PID 1): on SIGCHLD. */
void program_reap(void);

/* ---- ready.c: unix:@tunnelc/ID, the health check ---- */

/* Answer "ready\n" or "not ready\n" once the address is ours. */
void ready_serve(const char *id);
void ready_leave(void);			/* a successor may have the address */
int ready_ask(const char *id);		/* the exit code: 0 or 111 */

#endif
