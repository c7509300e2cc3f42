/* SPDX-License-Identifier: ISC */
/* Counters in shared memory: one row of values per worker, so that adding needs no lock. */
#include "metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define VALUE_MAX 24	/* bytes of a value as text */

struct metrics {
	const struct metric *table;
	size_t n;
	unsigned workers;
	_Atomic uint64_t next_id;
	_Atomic int64_t value[];	/* worker after worker */
};

struct metrics *
metrics_new(const struct metric *table, size_t n, unsigned workers)
{
	struct metrics *m = mmap(NULL, sizeof(*m) + workers * n * sizeof(m->value[0]),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED)
		return NULL;
	m->table = table;
	m->n = n;
	m->workers = workers;
	return m;
}

/* Only the worker itself writes its row: a plain load and store, atomic for readers' sake. */
void
metrics_add(struct metrics *m, unsigned worker, size_t i, int64_t by)
{
	_Atomic int64_t *v = &m->value[worker * m->n + i];

	atomic_store_explicit(v,
	    atomic_load_explicit(v, memory_order_relaxed) + by, memory_order_relaxed);
}

void
metrics_set(struct metrics *m, unsigned worker, size_t i, int64_t value)
{
	atomic_store_explicit(&m->value[worker * m->n + i], value, memory_order_relaxed);
}

int64_t
metrics_sum(const struct metrics *m, size_t i)
{
	int64_t total = 0;

	for (unsigned w = 0; w < m->workers; w++)
		total += atomic_load_explicit(&m->value[w * m->n + i], memory_order_relaxed);
	return total;
}

void
metrics_forget(struct metrics *m, unsigned worker)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->table[i].type != METRIC_COUNTER)
			metrics_set(m, worker, i, 0);
}

uint64_t
metrics_next_id(struct metrics *m)
{
	return atomic_fetch_add_explicit(&m->next_id, 1, memory_order_relaxed) + 1;
}

static void
value_text(const struct metrics *m, size_t i, char out[static VALUE_MAX])
{
	int64_t value = metrics_sum(m, i);

	if (m->table[i].type == METRIC_GAUGE_MS)
		snprintf(out, VALUE_MAX, "%.3f", (double)value / 1000);
	else
		snprintf(out, VALUE_MAX, "%" PRId64, value);
}

static int
put_series(const struct metrics *m, size_t i, char *out, size_t size)
{
	static const char *const type_name[] = { [METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge", [METRIC_GAUGE_MS] = "gauge" };
	const struct metric *s = &m->table[i];
	char value[VALUE_MAX];
	int n = 0, r;

	if (s->name == NULL)
		return 0;
	if (i == 0 || s[-1].name == NULL || strcmp(s->name, s[-1].name) != 0) {
		n = snprintf(out, size, "# HELP %s %s\n# TYPE %s %s\n",
		    s->name, s->help, s->name, type_name[s->type]);
		if (n < 0 || (size_t)n >= size)
			return -1;
	}
	value_text(m, i, value);
	r = snprintf(out + n, size - (size_t)n, "%s%s%s%s %s\n", s->name,
	    s->labels == NULL ? "" : "{", s->labels == NULL ? "" : s->labels,
	    s->labels == NULL ? "" : "}", value);
	return r < 0 || (size_t)(n + r) >= size ? -1 : n + r;
}

size_t
metrics_text(const struct metrics *m, char *out, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < m->n; i++) {
		int n = put_series(m, i, out + len, size - len);

		if (n == -1)
			break;
		len += (size_t)n;
	}
	return len;
}

size_t
metrics_text_max(const struct metrics *m)
{
	size_t max = 1;

	for (size_t i = 0; i < m->n; i++)
		max += m->table[i].name == NULL ? 0 : 3 * strlen(m->table[i].name) +
		    strlen(m->table[i].help) + 64 +
		    (m->table[i].labels == NULL ? 0 : strlen(m->table[i].labels));
	return max;
}
