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
	const char *output, *secrets, *put, *publish, *password_file, *prefix, *visitors, *metrics;
	uint64_t interval_ms, ttl_ms, max_shrink, notify_fd;
	bool once, check, log_time, verbose;
	const char *source_text;
	struct source source;
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

/* Tell the supervisor that we are ready, once. */
void app_ready(struct app *app);

/* Exit with this code after the current turn of the loop. */
void app_stop(struct app *app, int code);

void app_metric(const struct app *app, int metric, int64_t value);
void app_count(const struct app *app, int metric);

/* The modes; each returns the exit code. */
int sync_run(struct app *app);
int stdin_run(struct app *app);
int put_run(struct app *app);
int publish_run(struct app *app);

#endif
