/* SPDX-License-Identifier: ISC */
/*
 * For the tests of tunnelc/reach.c: one reach with its owner.
 * A test that looks up names includes dns_help.h too.
 */
#ifndef TUNNELC_REACH_HELP_H
#define TUNNELC_REACH_HELP_H

#include "loop_help.h"
#include "place_help.h"

#include "../../tunnelc/tunnelc.h"

/* Of the clock that tests skip; a lost SYN comes again after a real second. */
#define TIMEOUT_MS 10000

extern struct ev_io io;			/* what is to be connected */
extern struct reach *under_way;
extern int dones;
extern unsigned events_after;		/* what io's owner was told after the end */
extern struct reach_vain vain;

/* ---- how it ended ---- */

extern bool reached;
extern char why[256];

int set_up_reach(void **state);
int tear_down_reach(void **state);

/* ---- the life of a reach ---- */

/* proxy: NULL: none. */
void begin_through(const char *server, const char *proxy);
void begin(const char *server);

bool is_done(void);

/* Wait for the end: connected, and the new owner hears of it; or not, for this reason. */
void expect_reached(void);
void expect_failed(const char *reason);

/* Where it is connected to. */
void reached_at(const char *ip);

void hang_up(void);

/* Cancel: nothing more is reported, and this many descriptors are left. */
void give_up(int fds);

/* n turns that do not wait. */
void turns(int n);

#endif
