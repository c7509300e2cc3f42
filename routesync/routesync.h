/* SPDX-License-Identifier: ISC */
/* routesync: declarations shared by its parts. */
#ifndef ROUTESYNC_H
#define ROUTESYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "ev.h"
#include "metrics.h"
#include "redis.h"
#include "source.h"

struct options {
	const char *output, *secrets;		/* -o, --secrets: kept equal to the store */
	const char *put, *publish;		/* the other way, into the store */
	const char *password_file, *prefix, *visitors, *metrics;
	uint64_t interval_ms, ttl_ms, notify_fd;
	uint64_t max_shrink;			/* percent */
	bool once, check, log_time, verbose;
	const char *source_text;		/* SOURCE */
	struct source source;			/* its parts, borrowed from it */
};

enum {
	M_STORE_UP,
	M_WATCHED,
	M_KEYS,
	M_MALFORMED,
	M_ROUTES,
	M_HELD,
	M_PUBLISHED,
	M_AGE,
	M_LAST,
	M_DURATION,
	M_REFRESH_OK,
	M_REFRESH_FAILED,
	M_WRITE_OK,
	M_WRITE_FAILED,
	M_COUNT
};

/* The state shared by all modes. */
struct app {
	const struct options *opts;
	struct ev *ev;
	struct metrics *metrics;
	struct redis_conf conf;
	int code;		/* to exit with */
	bool ready;		/* and the supervisor knows */
};

/* ---- options.c ---- */

void options_parse(struct options *o, int argc, char **argv);

/*
 * Put what follows from other options into o. 0, or the exit code: something is wrong; all of it
 * was reported.
 */
int options_check(struct options *o);

/* ---- main.c: what the modes share ---- */

/* Tell the supervisor that we are ready, once. */
void app_ready(struct app *app);

/* Exit with this code after the current turn of the loop. */
void app_stop(struct app *app, int code);

void app_metric(const struct app *app, int metric, int64_t value);
void app_count(const struct app *app, int metric);

/* ---- the modes: each returns the exit code ---- */

int sync_run(struct app *app);		/* sync.c */
int stdin_run(struct app *app);		/* stdin.c */
int put_run(struct app *app);		/* publish.c, as is the next */
int publish_run(struct app *app);

#endif
