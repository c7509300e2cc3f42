/* SPDX-License-Identifier: ISC */
/*
 * The address of --metrics: bound, or tried again while another process,
 * one that drains for example, has it.
 */
#ifndef SCRAPE_DOOR_H
#define SCRAPE_DOOR_H

#include "ev.h"
#include "listeners.h"
#include "metrics.h"

/* Zeroed before use; its owner closes the listeners. */
struct scrape_door {
	struct listeners listeners;	/* one, or none yet */
	const char *text;		/* borrowed; NULL: no metrics are wanted */
	struct addr addr;		/* the same with a name looked up */
	int why;			/* errno of the last try, 0: it did not fail */
	struct ev *ev;			/* these are scrape_door_serve()'s */
	const struct metrics *metrics;
	struct ev_timer retry;
};

/*
 * Bind text (NULL: nothing to do). An address in use is only logged.
 * 0, or the exit code; it is logged why.
 */
int scrape_door_bind(struct scrape_door *d, const char *text);

/* Answer from ev; if it is still to be bound, try that every second. New reasons are logged. */
void scrape_door_serve(struct scrape_door *d, struct ev *ev, const struct metrics *metrics);

/* No longer: another process is to have it. */
void scrape_door_give_up(struct scrape_door *d);

#endif
