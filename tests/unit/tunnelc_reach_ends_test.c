/* SPDX-License-Identifier: ISC */
/* Tests of tunnelc/reach.c: deadlines, no descriptors, giving up in every state. */
#include <sys/resource.h>

#include "dns_help.h"
#include "tunnelc_reach_help.h"

static int
set_up(void **state)
{
	queries = 0;
	at_once = NULL;
	return set_up_reach(state);
}

#define reach_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down_reach)

/* ---- deadlines and descriptors ---- */

static void
the_deadline_holds_for_all_attempts_together(void **state)
{
	struct place deaf = place_at("127.0.0.1", 0), deaf2 = place_at("127.0.0.2", deaf.port);
	uint64_t due_ms;
	int before;

	(void)state;
	goes_deaf(&deaf);
	goes_deaf(&deaf2);
	before = open_fds();
	begin(named(&deaf, "tunnel.example"));
	due_ms = ev_now_ms(loop) + TIMEOUT_MS;
	dns_answers(0, "127.0.0.1 127.0.0.2", 60);
	turns(2);
	skip_ms(1000);
	turns(3);
	assert_int_equal(open_fds(), before + 2);
	skip_ms(TIMEOUT_MS - 1100);
	turns(3);
	assert_true(dones == 0 || ev_now_ms(loop) >= due_ms);	/* or we were held up ourselves */
	skip_ms(101);
	expect_failed("timed out");
	assert_int_equal(open_fds(), before);
	leaves(&deaf);
	leaves(&deaf2);
}

static void
dns_that_does_not_answer_is_left_at_the_deadline(void **state)
{
	(void)state;
	begin("tunnel.example:443");
	turns(2);
	skip_ms(TIMEOUT_MS + 1);
	expect_failed("no answer from DNS");
	turns(3);
	assert_int_equal(dones, 0);
	/* it would come too late: the next try asks by a channel of its own */
	assert_false(query[0].waits);
}

static void
running_out_of_descriptors_is_told(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
	char reason[128];
	struct rlimit old, tight;
	int hole = dup(p.lfd);

	(void)state;
	close(hole);
	getrlimit(RLIMIT_NOFILE, &old);
	tight = old;
	tight.rlim_cur = (rlim_t)hole;
	setrlimit(RLIMIT_NOFILE, &tight);
	begin(p.text);
	setrlimit(RLIMIT_NOFILE, &old);
	snprintf(reason, sizeof(reason), "%s: Too many open files", p.text);
	expect_failed(reason);
	begin(p.text);
	expect_reached();
	leaves(&p);
}

/* ---- giving up ---- */

static void
a_reach_may_be_cancelled_in_every_state(void **state)
{
	struct place p = place_at("127.0.0.1", 0), deaf = place_at("127.0.0.2", p.port);
	int before;

	(void)state;
	goes_deaf(&deaf);
	before = open_fds();
	reach_cancel(NULL);

	begin(named(&p, "tunnel.example"));	/* resolving */
	turns(2);
	give_up(before);
	dns_answers(0, "127.0.0.2 127.0.0.2", 0);

	begin(deaf.text);			/* connecting */
	turns(2);
	give_up(before);

	begin(named(&p, "tunnel.example"));	/* two attempts under way, one of them connected */
	dns_answers(1, "127.0.0.2 127.0.0.1", 0);
	turns(1);
	skip_ms(251);
	turns(1);
	give_up(before);

	begin("unix:/nowhere/at/all");		/* failed, but not told yet */
	give_up(before);

	snprintf(p.text, sizeof(p.text), "unix:@tcproute-reach-%d", (int)getpid());
	int lfd = listen_on(p.text);

	begin(p.text);				/* connected, but not told yet */
	give_up(before + 1);
	close(lfd);
	leaves(&deaf);
	leaves(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		reach_test(the_deadline_holds_for_all_attempts_together),
		reach_test(dns_that_does_not_answer_is_left_at_the_deadline),
		reach_test(running_out_of_descriptors_is_told),
		reach_test(a_reach_may_be_cancelled_in_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
