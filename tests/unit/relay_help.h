/* SPDX-License-Identifier: ISC */
/*
 * For the tests of lib/relay.c: a relay with its owner, and the two programs that talk through it.
 */
#ifndef RELAY_HELP_H
#define RELAY_HELP_H

#include "loop_help.h"
#include "party_help.h"
#include "relay.h"

extern struct party client, server;
extern struct relay_pool *pool;
extern struct relay *relay;
extern enum relay_state state_now;
extern bool spliced[2];			/* each flow: at some time so far */
extern uint64_t kept_most;		/* bytes in a buffer */

/* Around all tests: the texts, and no SIGPIPE from writes that nobody reads. */
int set_up_relay(void **state);

typedef void pair_maker(int pair[2]);

/* client <-> end[0], end[1] <-> server; the relay's ends are not watched yet. */
void join(pair_maker *make, unsigned max_pipes);

void watch_relay(void);

/* Free and close all there is. */
void part(void);

/*
 * As a tool does when there is an event: once it is over the relay is closed,
 * and a reset passed on.
 */
enum relay_state pump(int end, unsigned events);

/* Close it here and now, whatever the state it is in. */
void cut(enum conn_end end);

/* This many bytes, and some more the other way. All arrive, and nothing is left behind. */
void exchange(pair_maker *make, unsigned max_pipes, uint64_t bytes, uint32_t piece);

bool is_over(void);
void expect_over(enum conn_end end);
bool both_ended(void);
bool server_heard_all(void);
bool server_heard_the_end(void);
bool client_heard_the_end(void);

void expect_all_heard(void);

#endif
