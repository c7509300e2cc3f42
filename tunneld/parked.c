/* SPDX-License-Identifier: ISC */
/* Visitors whose client is known but away: parked until it comes back, for a while. */
#include "visitor.h"

#define PARKED_PART 4		/* at most a quarter of --max-conns may be parked */

/* Those PARKED, the newest first. */
static struct arrival *parked;
static uint64_t n_parked;
static struct ev_task look_again;

void
parked_leave(struct arrival *a)
{
	if (a->at == NULL)
		return;
	*a->at = a->next;
	if (a->next != NULL)
		a->next->at = a->at;
	a->at = NULL;
	n_parked--;
	tunneld_count(M_PARKED, -1);
}

void
parked_enter(struct visitor *v, struct slice bytes, const struct said *said)
{
	if (v->state == VISITOR_PARKED)
		return;
	if (the->opts->park_ms == 0 || the->serve->draining ||
	    n_parked >= the->serve->max_conns / PARKED_PART) {
		refusal_begin(v, ANSWER_OFFLINE, END_UNREACHABLE, said->rest, false);
		return;
	}
	if (!visitor_watch(v))
		return;
	if (!arrival_keep(v, bytes)) {
		refusal_begin(v, ANSWER_BUSY, END_LIMIT, said->rest, false);
		return;
	}
	visitor_enter(v, VISITOR_PARKED);
	v->arrival->next = parked;
	v->arrival->at = &parked;
	if (parked != NULL)
		parked->at = &v->arrival->next;
	parked = v->arrival;
	n_parked++;
	tunneld_count(M_PARKED, 1);
}

void
parked_give_up(struct visitor *v)
{
	refusal_begin(v, ANSWER_OFFLINE, END_UNREACHABLE, arrival_said(v->arrival).rest, false);
}

/* Each once: a visitor parked again meanwhile stands in front of those still to come. */
static void
on_look_again(struct ev_task *task)
{
	(void)task;
	for (struct arrival *next, *a = parked; a != NULL; a = next) {
		next = a->next;
		arrival_again(a->visitor, false);
	}
}

void
parked_look_again(void)
{
	look_again.cb = on_look_again;
	if (parked != NULL)
		ev_defer(the->serve->ev, &look_again);
}

void
parked_drain(void)
{
	while (parked != NULL)
		parked_give_up(parked->visitor);
}
