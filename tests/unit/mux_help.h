/* SPDX-License-Identifier: ISC */
/*
 * For the tests of lib/mux.c: two sessions against each other. The near side opens streams for
 * visitors, the far side joins them to services. Or the far side is the test itself, byte by byte.
 */
#ifndef MUX_HELP_H
#define MUX_HELP_H

#include "loop_help.h"
#include "mux_private.h"
#include "party_help.h"

enum transport { UNIX, TCP, TLS };

#define WIRES_MAX 72

struct leg {
	struct mux_stream s;
	struct wire *wire;
	int ended;		/* times */
	enum mux_end how;
	bool told;		/* the data callback ran */
};

/* One visitor and its service. */
struct wire {
	struct leg near, far;
	struct party visitor, service;
};

struct side {
	struct mux *m;
	struct ev_io io;
	struct tls *tls;
	int ended, goaways, opened;
	enum mux_end how;
	char why[128];
};

extern struct mux_pool *pool;
extern struct side near, far;
extern struct wire wires[WIRES_MAX];
extern int wires_made, wires_accepted;

/* ---- how the two behave; start() and start_raw() restore the usual behaviour ---- */

extern bool keeps;		/* the far side leaves what comes where it is */
extern bool refuses;		/* streams */
extern bool local;		/* both come by unix sockets: what is written is there to be read */
extern void (*on_near_end)(struct leg *l);
extern void (*on_far_data)(struct leg *l);

extern const struct mux_ops side_ops;
extern const struct mux_stream_ops near_leg_ops;

/* The owner's callback for the end of a stream: closes the descriptor, and counts. */
void leg_ended(struct mux_stream *s, enum mux_end how);

/* ---- the life of the two ---- */

/* Around all tests: the texts, and keys for TLS. */
int set_up_mux(void **state);
int tear_down_mux(void **state);

void start(enum transport t);

/* The near side alone; returns the other end of its connection. 0: no heartbeat, any silence. */
int start_raw(uint64_t heartbeat_ms, uint64_t dead_ms);

/* A session over this side's descriptor, which must not be in a loop yet. */
void new_session(struct side *side, const struct mux_conf *conf, const struct mux_ops *ops);

/* The same with the usual settings, and nothing counted yet. */
void start_side(struct side *side, enum yamux_role role, int fd);

/* near.tls and far.tls, over a connected pair. */
void make_tls(const int pair[2]);

/* Free and close all there is. */
void finish(void);

/* A stream that says hello, joined to a visitor. */
struct wire *visit(void);

/* The same, returning once the other end has its service; it is the awaited one from now on. */
struct wire *visit_and_wait(void);

/* Join one end of a stream to somebody new, who says this text. */
void join(struct leg *l, struct party *p, uint32_t speaks);

/* So little is under way at once that a lot waits in front of the socket. */
void narrow(int fd, int size);

extern struct wire *awaited;

/* ---- conditions; "one", "visitor" and "service" are those of the awaited ---- */

bool all_heard(void);
bool all_over(void);
bool one_over(void);
bool visitor_reset(void);
bool service_reset(void);
bool service_saw_end(void);
bool far_leg_told(void);
bool near_over(void);
bool parties_saw_ends(void);

/*
 * Nothing has moved for a while. Between ticks_begin() and ticks_end() only:
 * ticks are then all that happens.
 */
bool all_quiet(void);
void ticks_begin(void);
void ticks_end(void);

/* ---- the far side by hand ---- */

extern uint8_t heard[4096];

/* What there is to be heard, up to sizeof(heard); its length. */
size_t hear(int fd);

#endif
