/* SPDX-License-Identifier: ISC */
/* Opening the address of --metrics. */
#include "scrape_door.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "scrape.h"

#define RETRY_MS 1000u

static int
bind_now(struct scrape_door *d)
{
	if (listeners_bind(&d->listeners, &d->addr, slice_str(d->text), false) == -1)
		return -1;
	log_info("metrics on %s", d->listeners.first->name);
	return 0;
}

/* A name is looked up once: an event loop, which may have to bind it, has no time for that. */
int
scrape_door_bind(struct scrape_door *d, const char *text)
{
	const char *why;

	if (text == NULL)
		return 0;
	d->text = text;
	if (listeners_resolve(slice_str(text), &d->addr, &why) == 0 && bind_now(d) == 0)
		return 0;
	d->why = errno;
	if (errno == EADDRINUSE) {	/* by the process we are replacing, until it has drained */
		log_warn("--metrics %s: %s; trying again", text, strerror(errno));
		return 0;
	}
	log_error("--metrics %s: %s", text, listeners_reason(why));
	return why != NULL ? EXIT_USAGE : EXIT_TEMP;
}

/*
 * That it is taken, by the process we replace, was logged at start. Any other reason is news:
 * without root, a low port is denied.
 */
static void
note_why(struct scrape_door *d)
{
	if (errno != EADDRINUSE && errno != d->why)
		log_warn("--metrics %s: %s; trying again", d->text, listeners_reason(NULL));
	d->why = errno;
}

static void
on_retry(struct ev_timer *t)
{
	struct scrape_door *d = EV_CONTAINER(t, struct scrape_door, retry);

	if (bind_now(d) == 0) {
		scrape_start(d->ev, d->metrics, d->listeners.first->io.fd);
		return;
	}
	note_why(d);
	ev_timer_in(d->ev, t, RETRY_MS);
}

void
scrape_door_serve(struct scrape_door *d, struct ev *ev, const struct metrics *metrics)
{
	if (d->text == NULL)
		return;
	d->ev = ev;
	d->metrics = metrics;
	d->retry.cb = on_retry;
	if (d->listeners.first != NULL)
		scrape_start(ev, metrics, d->listeners.first->io.fd);
	else
		ev_timer_in(ev, &d->retry, RETRY_MS);
}

void
scrape_door_give_up(struct scrape_door *d)
{
	if (d->ev != NULL)
		ev_timer_at(d->ev, &d->retry, 0);
}
