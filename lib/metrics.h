/* SPDX-License-Identifier: ISC */
/* Counters shared by all worker processes, and their Prometheus text. */
#ifndef METRICS_H
#define METRICS_H

#include <stddef.h>
#include <stdint.h>

enum metric_type {
	METRIC_COUNTER,	/* summed over workers, kept when one dies */
	METRIC_GAUGE,	/* summed over workers, zero again when one dies */
	METRIC_GAUGE_MS	/* the same, kept in milliseconds, told in seconds as Prometheus wants it */
};

/* One time series. Series of one name are adjacent; only the first has the help text. */
struct metric {
	const char *name;	/* with unit: sniroute_sent_bytes_total; NULL: this tool lacks it */
	const char *labels;	/* end="closed", or NULL */
	const char *help;
	enum metric_type type;
};

struct metrics;

/*
 * Memory shared with processes forked later. table is borrowed for the life of the process.
 * NULL with errno.
 */
struct metrics *metrics_new(const struct metric *table, size_t n, unsigned workers);

/* Add to series i on behalf of worker (gauges go down with a negative by). */
void metrics_add(struct metrics *m, unsigned worker, size_t i, int64_t by);

/* Set what one worker adds to series i. */
void metrics_set(struct metrics *m, unsigned worker, size_t i, int64_t value);

/* The sum over the workers. */
int64_t metrics_sum(const struct metrics *m, size_t i);

/* Worker died: its gauges are zero. */
void metrics_forget(struct metrics *m, unsigned worker);

/* The number of the next connection, counted over all workers. */
uint64_t metrics_next_id(struct metrics *m);

/*
 * The whole page (text format 0.0.4) into out; its length. It is cut to whole lines when size is
 * too small; metrics_text_max() bytes always suffice.
 */
size_t metrics_text(const struct metrics *m, char *out, size_t size);
size_t metrics_text_max(const struct metrics *m);

#endif
