/* SPDX-License-Identifier: ISC */
/* What the parts of httpredir share. */
#ifndef HTTPREDIR_H
#define HTTPREDIR_H

#include "body.h"
#include "dial.h"
#include "http1.h"
#include "put.h"
#include "relay.h"
#include "serve.h"
#include "source.h"
#include "text.h"

#define OUT_MAX 131072u		/* bytes of the->out: a batch of answers, or a rewritten head and
				   what follows it */
#define OUT_ANSWER 2048u	/* the most an answer of ours takes, besides a target and a host */

/* Our own series, after the common ones. */
enum {
	M_REQ_REDIRECT = M_SERVE_COUNT,
	M_REQ_ACME,
	M_REQ_PROXY,
	M_REQ_FAILED,
	M_REQ_REFUSED,
	M_ANSWER,			/* one per class, 2xx to 5xx */
	M_TARGET_CONNECTS = M_ANSWER + 4,
	M_TARGET_REUSES,
	M_TARGET_CONNS,
	M_COUNT
};

struct options {
	struct serve_conf serve;
	uint64_t status;		/* -s */
	uint64_t port;			/* -p */
	const char *webroot;		/* -w */
	const char *trust;		/* --trust */
	uint64_t response_ms;		/* --response-timeout */
	bool https;			/* --https */
};

/* An answer of our own, see answer.c. */
struct answer {
	unsigned status;
	bool to_head;		/* to a HEAD: no body is sent */
	bool old;		/* to version 1.0: staying open must be announced */
	bool last;		/* Connection: close */
	const char *extra;	/* a whole field line, or NULL */
};

struct backend;

/* One serving process of httpredir: what its clients share. */
struct httpredir {
	const struct options *opts;
	struct serve *serve;
	struct dialer *dialer;
	struct relay_pool *relays;
	struct backend *resting, *resting_last;		/* kept connections, the latest first */
	uint64_t backends;				/* connections to targets, kept ones, too */
	uint64_t acme_warned_ms;			/* when a token was unreadable; 0: never */
	uint64_t date_ms;				/* when date was written */
	size_t date_len;
	char date[40];					/* "Date: ...\r\n" */
	char out[OUT_MAX];
};

extern struct httpredir *the;	/* this process's; set once by start() */

/* ---- client.c: one client ---- */

/*
 *   HEADER --PROXY header--> HEAD <--answered--- ANSWER	(the client has yet to take ours)
 *                             | ^---answered---- PROXY ---101--> RELAY
 *                             | ^---body over--- DROP	(of a request we have answered; ANSWER
 *                             |			leads here too)
 *                             '--> LINGER: the last answer is out, what still comes is dropped
 *
 * Every state can end in CLOSED: an error, a deadline, the end of a drain.
 */
enum client_state {
	CLIENT_HEADER,
	CLIENT_HEAD,
	CLIENT_ANSWER,
	CLIENT_PROXY,
	CLIENT_DROP,
	CLIENT_RELAY,
	CLIENT_LINGER,
	CLIENT_CLOSED
};

struct proxy;
struct tunnel;
struct drop;

struct client {
	struct serve_conn base;
	struct ev_io io;
	struct ev_timer deadline;
	struct ev_task more;		/* requests left for a later turn */
	struct source src;
	struct http1_scan scan;
	struct spill *out;		/* owned: bytes the client has yet to take */
	union {
		struct proxy *proxy;	/* PROXY: owned; NULL: it is over, another state follows */
		struct tunnel *tunnel;	/* RELAY: owned */
		uint64_t linger_until_ms;	/* LINGER: at most */
		struct drop *drop;	/* all others: owned; NULL: no body of a request we have
					   answered is to come */
	};
	struct backend *kept;		/* owned: resting, introduced as this client's; or NULL */
	struct endpoint *local;		/* owned: from a PROXY header, where it came in; or NULL */
	struct target *target;		/* held: of the last request that had one, or NULL */
	char *name;			/* owned: the host last asked for */
	uint64_t rx, tx;
	int out_fd;
	unsigned redirects;		/* the version of the routes that redirects name, 0: none */
	int16_t rank;			/* of the last route found, or ROUTES_NO_MATCH */
	uint8_t name_len;
	/* One word: an idle connection's memory is a figure we document. */
	unsigned state : 3;		/* enum client_state */
	unsigned verdict : 4;		/* enum hello_verdict: of the last head */
	unsigned end : 4;		/* enum conn_end: how the last request ended */
	bool writable : 1;
	bool last : 1;			/* no request is read after this answer */
	bool linger : 1;		/* but the client may go on sending: LINGER follows */
	bool open_ended : 1;		/* only the connection's end ends the answer in out */
	bool named : 1;			/* name is a host name, not an address */
	bool idle : 1;			/* kept alive, no byte of the next head has come */
};

/*
 * Write to the client; what it does not take waits in c->out, which must be NULL. done: this was
 * the end of an answer, and client_answered() follows. False: it is gone, or we are out of
 * memory, and it was closed.
 */
bool client_put(struct client *c, struct iovec *iov, int n, bool done);

/* Queue more behind what waits; write what waits. False: it was closed. */
bool client_put_later(struct client *c, struct slice more);
bool client_flush(struct client *c);

/* The door between the states. */
void client_enter(struct client *c, enum client_state next);

/* Restart the deadline of its state. */
void client_rearm(struct client *c);

/* Something of a next request is held; a CR alone may still become an empty line, which is none. */
bool client_has_begun(const struct client *c);

/*
 * An answer is out, or waits in c->out, and c->proxy is forgotten: go on with what is left of its
 * request, with the next one, or end.
 */
void client_answered(struct client *c);

/* After 101: the tunnel takes over the descriptors. */
void client_relay(struct client *c, struct tunnel *t);

/* Its end, whatever the state. */
void client_close(struct client *c, enum conn_end end);

extern const struct serve_ops client_ops;

/* ---- request.c: the requests that have come ---- */

/* In CLIENT_HEAD: take all requests that are here whole; their answers go out in one write. */
void request_take(struct client *c, struct slice bytes);

/* In CLIENT_DROP: drop what belongs to the body; after its end the next request may come. */
void request_drop(struct client *c, struct slice bytes);

/*
 * Answer the request under way, which got no answer, with an error of ours, after interim answers
 * that wait. c->proxy is forgotten. Of a the status counts, and to_head and old.
 */
void request_refuse(struct client *c, struct answer a, enum conn_end end);

/*
 * Before that, in CLIENT_PROXY with c->proxy forgotten: see to the rest of its body, of which taken
 * bytes have come. True: c has entered CLIENT_ANSWER and will drop it. False: it is too long, or we
 * are out of memory, and the connection must not be used for another request.
 */
bool request_drop_rest(struct client *c, const struct body *rest, uint64_t taken);

/*
 * There is no room for what has come of a request, or follows one: nothing more is read. It gets
 * a 503, unless the last one's answer, or the way to it, is not over yet: then that is the last.
 */
void request_no_room(struct client *c);

/* The name that is reported: the host asked for, else that of as=, else what stood in its place. */
struct slice request_name(const struct client *c, char room[static HOST_MAX + 1]);

/* The route's NAME as far as it is known, and the key of its max=. */
struct slice request_route(const struct client *c, char room[static HOST_PATTERN_MAX]);
uint64_t request_max_key(const struct client *c);

/* Where the last request's name leads now. */
int request_find_route(const struct client *c, struct route *route);

/* ---- answer.c: answers of our own ---- */

/* Count an answer by the class of its status, 2xx to 5xx. */
void answer_count(unsigned status);

/* Add to t, which has room for OUT_ANSWER bytes besides what is given here. */
void answer_error(struct text *t, const struct answer *a);
void answer_redirect(struct text *t, const struct answer *a, struct slice host, struct slice path);
void answer_text(struct text *t, const struct answer *a, struct slice body);

/* ---- acme.c ---- */

#define ACME_PREFIX "/.well-known/acme-challenge/"
#define ACME_MAX 16384u		/* bytes of a token's file */

/* Warn of a folder whose files can't be had with the privileges we have now. */
void acme_check(const char *dir);

/*
 * Read the token's file in -w DIR to out: its length, -1 when there is none.
 * Warns of one that can't be read.
 */
long acme_read(const char *dir, struct slice token, char out[static ACME_MAX]);

/* ---- forward.c: rewritten heads ---- */

/*
 * What goes to the target instead of the client's head; its length, at most twice the
 * head and OUT_ANSWER.
 */
size_t forward_request(const struct client *c, const struct http1_request *req, bool upgrade,
    char *out);

/* What goes to the client instead of the target's head. */
struct onward {
	enum http1_framing framing;	/* of the body as the client gets it */
	bool last;			/* Connection: close */
	bool old;			/* to version 1.0 */
	bool upgrade;			/* a 101 it asked for */
};
size_t forward_response(const struct onward *how, const struct http1_response *res, char *out);

/* ---- backend.c: connections to targets, kept between requests ---- */

struct backend {
	struct backend *next;			/* resting: of the same target */
	struct ev_io io;
	struct source src;
	struct ev_timer idle;
	struct target *target;			/* held; NULL while dialling */
	struct proxy *proxy;			/* whose request is on its way, NULL: none */
	struct client *owner;			/* resting for this client alone */
	struct backend *newer, *older;		/* resting: of all targets */
	bool writable;
	bool resting;
	bool probed;				/* by TCP, since it first rested */
};

struct backend *backend_new(void);

/*
 * A resting connection to the target that would be tried first, with nothing to read on it;
 * NULL when there is none.
 */
struct backend *backend_take(const struct client *c, const struct route *route);

/* Done with for now: keep it for others, or for owner alone. */
void backend_rest(struct backend *b, struct client *owner);

/* Close, with a reset if asked to, and free. NULL is fine. */
void backend_close(struct backend *b, bool reset);

/* Close all resting ones. */
void backend_drop_resting(void);

/* ---- proxy.c: one request on its way through a backend ---- */

enum proxy_begun {
	PROXY_STARTED,		/* c->proxy is set: c enters CLIENT_PROXY */
	PROXY_BAD_BODY,		/* the part of the body here breaks the rules; nothing was sent */
	PROXY_NO_MEMORY
};

/* Send the request on; *rest is what came after its head, and is advanced past what was used. */
enum proxy_begun proxy_start(struct client *c, const struct http1_request *req,
    const struct route *route, struct slice *rest);

/* What the client sent behind what was used had no room. */
void proxy_no_room(struct proxy *p);

/* The client has sent something, or takes more; what the target does comes by backend.c. */
void proxy_pump(struct proxy *p);
void proxy_on_backend(struct proxy *p, unsigned events);

uint64_t proxy_deadline_ms(const struct proxy *p);
void proxy_on_deadline(struct proxy *p);

/*
 * How much of that deadline is left by what the kernel has sent meanwhile of an answer, or of the
 * request before that. 0: nothing.
 */
uint64_t proxy_still_sending_ms(const struct proxy *p);

/* The client ends: free it, and everything it holds. */
void proxy_cancel(struct proxy *p);

/* ---- tunnel.c: after 101 ---- */

/*
 * Takes over b, the place in max= and the client's descriptors, by way of client_relay().
 * False when out of memory: it took nothing.
 */
bool tunnel_start(struct client *c, struct backend *b, uint64_t max_key, struct slice behind);
void tunnel_more(struct relay *r);
void tunnel_on_out(struct tunnel *t, unsigned events);
struct relay_silence tunnel_silence(const struct tunnel *t);
uint64_t tunnel_still_sending_ms(const struct tunnel *t);	/* as proxy_still_sending_ms() */
void tunnel_free(struct tunnel *t, enum conn_end end);

#endif
