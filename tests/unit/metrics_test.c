/* SPDX-License-Identifier: ISC */
/* Tests of lib/metrics.c: the page, sums over workers, what a dead worker leaves. */
#include "loop_help.h"
#include "metrics.h"

static const struct metric table[] = {
	{ "t_open", NULL, "Open now.", METRIC_GAUGE },
	{ "t_ended_total", "end=\"closed\"", "Ended, by how.", METRIC_COUNTER },
	{ "t_ended_total", "end=\"idle\"", "Ended, by how.", METRIC_COUNTER },
	{ "t_received_bytes_total", NULL, "Bytes.", METRIC_COUNTER },
	{ "t_took_seconds", NULL, "Time.", METRIC_GAUGE_MS },
};

#define N (sizeof(table) / sizeof(table[0]))

static const char page[] =
    "# HELP t_open Open now.\n"
    "# TYPE t_open gauge\n"
    "t_open 1\n"
    "# HELP t_ended_total Ended, by how.\n"
    "# TYPE t_ended_total counter\n"
    "t_ended_total{end=\"closed\"} 7\n"
    "t_ended_total{end=\"idle\"} 0\n"
    "# HELP t_received_bytes_total Bytes.\n"
    "# TYPE t_received_bytes_total counter\n"
    "t_received_bytes_total 5000000000\n"
    "# HELP t_took_seconds Time.\n"
    "# TYPE t_took_seconds gauge\n"
    "t_took_seconds 1.007\n";

static struct metrics *
sample(void)
{
	struct metrics *m = metrics_new(table, N, 2);

	assert_non_null(m);
	metrics_add(m, 0, 0, 2);
	metrics_add(m, 1, 0, -1);
	metrics_add(m, 0, 1, 3);
	metrics_add(m, 1, 1, 4);
	metrics_add(m, 1, 3, 5000000000);
	metrics_set(m, 0, 4, 1007);
	return m;
}

static void
the_page_is_prometheus_text_with_help_once_a_name(void **state)
{
	struct metrics *m = sample();
	size_t max = metrics_text_max(m), len;
	char *out = malloc(max);

	(void)state;
	len = metrics_text(m, out, max);
	assert_int_equal(len, strlen(page));
	assert_memory_equal(out, page, len);
	free(out);
}

static void
a_page_that_does_not_fit_is_cut_to_whole_lines(void **state)
{
	struct metrics *m = sample();

	(void)state;
	for (size_t size = 0; size <= sizeof(page) + 3; size++) {
		char *out = malloc(size);
		size_t len = metrics_text(m, out, size);

		assert_in_range(len, 0, size);
		assert_memory_equal(out, page, len);
		assert_true(len == 0 || out[len - 1] == '\n');
		assert_int_equal(len == sizeof(page) - 1, size > sizeof(page) - 1);
		free(out);
	}
}

static void
the_largest_numbers_fit_the_size_that_is_said_to_do(void **state)
{
	struct metrics *m = metrics_new(table, N, 1);
	size_t max = metrics_text_max(m), len;
	char *out = malloc(max);
	int lines = 0;

	(void)state;
	for (size_t i = 0; i < N; i++)
		metrics_set(m, 0, i, INT64_MIN);
	len = metrics_text(m, out, max);
	for (size_t i = 0; i < len; i++)
		lines += out[i] == '\n';
	assert_int_equal(lines, 13);
	free(out);
}

static void
a_dead_worker_leaves_its_counters_and_takes_its_gauges(void **state)
{
	struct metrics *m = sample();

	(void)state;
	metrics_forget(m, 0);
	assert_int_equal(metrics_sum(m, 0), -1);
	assert_int_equal(metrics_sum(m, 1), 7);
	metrics_set(m, 1, 0, 10);
	assert_int_equal(metrics_sum(m, 0), 10);
}

static struct metrics *shared;

static void
count_and_number(void)
{
	uint64_t last = 0;

	for (int i = 0; i < 1000; i++) {
		uint64_t id = metrics_next_id(shared);

		CHILD_CHECK(id > last);
		last = id;
		metrics_add(shared, 1, 3, 2);
	}
}

static void
other_processes_count_into_the_same_page_and_share_the_numbers(void **state)
{
	(void)state;
	shared = metrics_new(table, N, 2);
	assert_int_equal(metrics_next_id(shared), 1);
	metrics_add(shared, 0, 3, 1);
	expect_well(count_and_number);
	assert_int_equal(metrics_sum(shared, 3), 2001);
	assert_int_equal(metrics_next_id(shared), 1002);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_is_prometheus_text_with_help_once_a_name),
		cmocka_unit_test(a_page_that_does_not_fit_is_cut_to_whole_lines),
		cmocka_unit_test(the_largest_numbers_fit_the_size_that_is_said_to_do),
		cmocka_unit_test(a_dead_worker_leaves_its_counters_and_takes_its_gauges),
		cmocka_unit_test(other_processes_count_into_the_same_page_and_share_the_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
