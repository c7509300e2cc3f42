/* SPDX-License-Identifier: ISC */
/* Opening the address of --metrics. */
#include "scrape_door.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "scrape.h"

#define RETRY_MS 1000u

/* A name is looked up once: an event loop, which may have to bind it, has no time for that. */
int
scrape_door_bind(struct scrape_door *d, const char *text)
{
	const char *why;

	if (text == NULL)
		return 0;
	d->text = text;
	if (listeners_resolve(slice_str(text), &d->addr, &why) == 0 &&
	    listeners_bind(&d->listeners, &d->addr, slice_str(text), false) == 0) {
		log_info("metrics on %s", d->listeners.first->name);
		return 0;
	}
	d->why = errno;
	if (errno == EADDRINUSE) {	/* by the process we are replacing, until it has drained */
		log_warn("--metrics %s: %s; trying again", text, strerror(errno));
		return 0;
	}
	log_error("--metrics %s: %s", text, listeners_reason(why));
	return why != NULL ? EXIT_USAGE : EXIT_TEMP;
}

bool
scrape_door_is_shut(const struct scrape_door *d)
{
	return d->text != NULL && d->listeners.first == NULL;
}

int
scrape_door_fd(const struct scrape_door *d)
{
	return d->listeners.first == NULL ? -1 : d->listeners.first->io.fd;
}

/*
 * Taken at start, by the process we replace: not logged again.
 * All else is: without root, a low port is denied.
 */
static void
note_why(struct scrape_door *d)
{
	if (errno != EADDRINUSE && errno != d->why)
		log_warn("--metrics %s: %s; trying again", d->text, strerror(errno));
	d->why = errno;
}

bool
scrape_door_retry(struct scrape_door *d, struct ev *ev, const struct metrics *metrics)
{
	if (!scrape_door_is_shut(d))
		return true;
	if (listeners_bind(&d->listeners, &d->addr, slice_str(d->text), false) == -1) {
		note_why(d);
		return false;
	}
	if (scrape_start(ev, metrics, scrape_door_fd(d)) == -1) {
		note_why(d);
		listeners_close_all(&d->listeners, true);
		return false;
	}
	log_info("metrics on %s", d->listeners.first->name);
	return true;
}

static void
on_retry(struct ev_timer *t)
{
	struct scrape_door *d = EV_CONTAINER(t, struct scrape_door, retry);

	if (!scrape_door_retry(d, d->ev, d->metrics))
		ev_timer_in(d->ev, t, RETRY_MS);
}

int
scrape_door_serve(struct scrape_door *d, const char *text, struct ev *ev,
    const struct metrics *metrics)
{
	int code = scrape_door_bind(d, text);

	if (code != 0)
		return code;
	d->ev = ev;
	d->metrics = metrics;
	d->retry.cb = on_retry;
	if (scrape_door_is_shut(d)) {
		ev_timer_in(ev, &d->retry, RETRY_MS);
	} else if (scrape_start(ev, metrics, scrape_door_fd(d)) == -1) {
		log_error("--metrics %s: %s", text, strerror(errno));
		return EXIT_TEMP;
	}
	return 0;
}
