/* SPDX-License-Identifier: ISC */
/* Tests of lib/ration.c: what all may hold, and one source of it. */
#include "draw_help.h"
#include "loop_help.h"
#include "ration.h"

#define MAX 1000u
#define SHARE (MAX / RATION_SHARE)
#define SOURCES 30u

static void
open_ration(struct ration *r)
{
	assert_int_equal(ration_open(r, MAX, SOURCES), 0);
}

static void
a_source_gets_its_share_and_no_more(void **state)
{
	struct ration r;

	(void)state;
	open_ration(&r);
	assert_true(ration_change(&r, 7, 0, SHARE - 1));
	assert_false(ration_change(&r, 7, 0, 2));
	assert_true(ration_change(&r, 7, 0, 1));
	assert_false(ration_change(&r, 7, 1, 2));
	assert_int_equal(r.total, SHARE);
	assert_true(ration_change(&r, 8, 0, SHARE));
	assert_true(ration_change(&r, 7, SHARE - 1, 0));
	assert_true(ration_change(&r, 7, 1, SHARE));
}

static void
nobodys_bytes_count_in_all_only(void **state)
{
	struct ration r;

	(void)state;
	open_ration(&r);
	assert_true(ration_change(&r, 0, 0, MAX - 1));
	assert_false(ration_change(&r, 0, 0, 2));
	assert_false(ration_change(&r, 7, 0, 2));
	assert_true(ration_change(&r, 7, 0, 1));
	assert_true(ration_change(&r, 0, MAX - 1, 0));
	assert_true(ration_change(&r, 7, 1, SHARE));
}

static void
totals_follow_the_model(void **state)
{
	struct ration r;
	size_t held[SOURCES] = { 0 }, total = 0;

	(void)state;
	open_ration(&r);
	for (int round = 0; round < 20000; round++) {
		uint32_t who = draw(SOURCES);
		size_t to = draw(SHARE + 50);
		bool ok = to <= held[who] || (to <= MAX - (total - held[who]) &&
		    (who == 0 || to <= SHARE));

		/* in one place of the table, all of them */
		assert_int_equal(ration_change(&r, who * 64, held[who], to), ok);
		if (ok) {
			total += to - held[who];
			held[who] = to;
		}
		assert_int_equal(r.total, total);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_gets_its_share_and_no_more),
		cmocka_unit_test(nobodys_bytes_count_in_all_only),
		cmocka_unit_test(totals_follow_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
