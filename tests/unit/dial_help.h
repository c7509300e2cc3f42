/* SPDX-License-Identifier: ISC */
/*
 * For tests of lib/dial.c: a dialer, and a dial with its owner.
 * A test that dials names includes dns_help.h too.
 */
#ifndef DIAL_HELP_H
#define DIAL_HELP_H

#include "dial.h"
#include "loop_help.h"
#include "place_help.h"

#define TIMEOUT_MS 2000

extern struct dialer *dialer;
extern struct ev_io io;			/* what is dialled for */
extern struct dial *under_way;
extern struct dial_ops ops;		/* early is NULL until a test sets it */
extern int dones, watched_events;	/* ends; events after them */

/* ---- how the dial ended ---- */

extern enum dial_result result;
extern struct target *target;		/* held until hang_up() */
extern unsigned first_events;

int set_up_dial(void **state);
int tear_down_dial(void **state);

#define dial_test(f) cmocka_unit_test_setup_teardown(f, set_up_dial, tear_down_dial)

/* ---- the life of a dial ---- */

/* Begin in the next turn. */
void begin_later(const char *src, const char *targets, enum routes_balance balance);

/* The same, and run that turn. */
void begin_from(const char *src, const char *targets, enum routes_balance balance);

/* From some source, the first target first. */
void begin(const char *targets);

bool is_done(void);

/* Wait for the end, whatever it is. */
void ends(void);

/* The same; true when text is the target that was reached (or, with NULL, when none was). */
bool ends_at(const char *text);

/* Close the connection, if there is one, and let go of the target. */
void hang_up(void);

/* All of it. */
bool dial_reaches(const char *targets, const char *text);

/* Two places. The first has gone, which a dial has found out: it is held off. */
void make_held_off(struct place p[static 2]);

/* It is connected and says so. */
void expect_connected(void);

#endif
