/* SPDX-License-Identifier: ISC */
/* Tests of tunnelc/reach.c: a server's addresses, one after the other and in a race. */
#include <netinet/in.h>
#include <netinet/tcp.h>

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

/* ---- addresses ---- */

static void
an_address_needs_no_look_up(void **state)
{
	struct place v4 = place_at("127.0.0.1", 0), v6 = place_at("[::1]", 0);
	int on = 0;
	socklen_t len = sizeof(on);

	(void)state;
	begin(v4.text);
	expect_reached();
	reached_at("127.0.0.1");
	assert_int_equal(getsockopt(io.fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	assert_true(on);
	hang_up();
	begin(v6.text);
	expect_reached();
	reached_at("::1");
	assert_int_equal(queries, 0);
	leaves(&v4);
	leaves(&v6);
}

static void
a_unix_socket_is_reached_too(void **state)
{
	char text[64];
	int lfd;

	(void)state;
	snprintf(text, sizeof(text), "unix:@tcproute-reach-%d", (int)getpid());
	begin(text);
	expect_failed("unix: Connection refused");
	lfd = listen_on(text);
	begin(text);
	expect_reached();
	close(lfd);
}

static void
what_came_at_once_is_not_lost_on_the_new_owner(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
	struct endpoint peer;
	int fd;

	(void)state;
	begin(p.text);
	await(p.lfd, POLLIN);
	assert_int_equal(sock_accept(p.lfd, &fd, &peer), SOCK_ACCEPTED);
	assert_int_equal(write(fd, "x", 1), 1);
	expect_reached();
	assert_true(events_after & EV_READ);
	close(fd);
	leaves(&p);
}

/* ---- names ---- */

static void
a_name_without_an_address_fails(void **state)
{
	(void)state;
	begin("tunnel.example:443");
	dns_fails(0);
	expect_failed("no address found for the name");
}

static void
an_answer_at_hand_is_told_later_all_the_same(void **state)
{
	struct place p = place_at("127.0.0.1", 0);

	(void)state;
	at_once = "127.0.0.1";
	begin(named(&p, "tunnel.example"));
	expect_reached();
	leaves(&p);
}

static void
after_a_failure_dns_is_asked_anew(void **state)
{
	int opened;

	(void)state;
	begin("tunnel.example:1");
	opened = channels_opened;
	dns_answers(0, "127.0.0.1", 60);
	expect_failed("127.0.0.1:1: Connection refused");
	begin("other.example:1");
	assert_int_equal(channels_opened, opened + 1);	/* resolv.conf may be another one by now */
	dns_fails(1);
	expect_failed("no address found for the name");
}

/* ---- several addresses ---- */

static void
families_take_turns_and_v6_comes_first(void **state)
{
	struct place p = place_at("127.0.0.1", 0), v6 = place_at("[::1]", p.port);

	(void)state;
	begin(named(&p, "tunnel.example"));
	assert_int_equal(queries, 1);
	assert_string_equal(query[0].name, "tunnel.example");
	dns_answers(0, "127.0.0.1 ::1", 60);
	expect_reached();
	reached_at("::1");
	assert_int_equal(visitors(&p), 0);
	leaves(&p);
	leaves(&v6);
}

/* With v6 first, the order tried is ::1, .2, (no v6 left) .3, .4 */
static void
one_family_that_ends_leaves_its_turns_to_the_other(void **state)
{
	struct place p = place_at("127.0.0.4", 0);

	(void)state;
	begin(named(&p, "tunnel.example"));
	dns_answers(0, "127.0.0.2 127.0.0.3 ::1 127.0.0.4", 60);
	expect_reached();
	reached_at("127.0.0.4");
	leaves(&p);
}

static void
an_address_that_refuses_makes_room_at_once(void **state)
{
	struct place p = place_at("127.0.0.1", 0);

	(void)state;
	begin(named(&p, "tunnel.example"));
	dns_answers(0, "::1 127.0.0.1", 60);
	expect_reached();		/* the clock stands still but for some milliseconds */
	reached_at("127.0.0.1");
	leaves(&p);
}

static void
an_address_that_does_not_answer_is_joined_after_250_ms(void **state)
{
	struct place deaf = place_at("127.0.0.2", 0), p = place_at("127.0.0.1", deaf.port);
	uint64_t due_ms;
	int before;

	(void)state;
	goes_deaf(&deaf);
	before = open_fds();
	begin(named(&p, "tunnel.example"));
	dns_answers(0, "127.0.0.2 127.0.0.1", 60);
	due_ms = ev_now_ms(loop) + 250;
	turns(3);
	skip_ms(200);
	turns(3);
	/* or we were held up ourselves */
	assert_true(open_fds() == before + 1 || ev_now_ms(loop) >= due_ms);
	skip_ms(51);
	turns(3);
	assert_true(is_done() || open_fds() == before + 2);
	expect_reached();
	reached_at("127.0.0.1");
	assert_int_equal(open_fds(), before + 1);	/* the loser is closed */
	leaves(&deaf);
	leaves(&p);
}

static void
a_slow_address_may_still_win(void **state)
{
	struct place slow = place_at("127.0.0.2", 0), deaf = place_at("127.0.0.1", slow.port);
	struct endpoint peer;
	int fd;

	(void)state;
	goes_deaf(&slow);
	goes_deaf(&deaf);
	begin(named(&slow, "tunnel.example"));
	dns_answers(0, "127.0.0.2 127.0.0.1 127.0.0.3", 60);
	turns(3);
	skip_ms(251);
	turns(3);			/* both are under way now */
	skip_ms(251);
	turns(3);			/* the last one is refused */
	for (int i = 0; i < 2; i++)	/* room: the SYN's repetition gets in after a second */
		if (sock_accept(slow.lfd, &fd, &peer) == SOCK_ACCEPTED)
			close(fd);
	run_until(is_done);
	dones = 0;
	assert_true(reached);
	reached_at("127.0.0.2");
	leaves(&slow);
	leaves(&deaf);
}

static void
when_all_fail_the_last_reason_is_told(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
	char reason[128];
	int before;

	(void)state;
	leaves(&p);
	before = open_fds();
	snprintf(reason, sizeof(reason), "127.0.0.2:%u: Connection refused", p.port);
	begin(named(&p, "tunnel.example"));
	dns_answers(0, "::1 127.0.0.1 127.0.0.2", 60);
	expect_failed(reason);
	assert_int_equal(open_fds(), before);
}

static void
many_addresses_are_tried_one_and_all(void **state)
{
	char all[1024] = "";
	char reason[64];
	struct place p = place_at("127.0.0.1", 0);

	(void)state;
	leaves(&p);
	for (int i = 1; i <= 20; i++)
		sprintf(all + strlen(all), "127.0.1.%d ", i);
	all[strlen(all) - 1] = '\0';
	begin(named(&p, "tunnel.example"));
	dns_answers(0, all, 60);
	snprintf(reason, sizeof(reason), "127.0.1.20:%u: Connection refused", p.port);
	expect_failed(reason);
}

/* Each of them takes connections; what comes of them only the owner knows. */
static void
an_address_that_was_connected_to_in_vain_comes_last_next_time(void **state)
{
	/* DNS changes the order each time, as many servers do */
	static const char *const dns[] = { "127.0.0.1 127.0.0.2 ::1", "127.0.0.2 127.0.0.1 ::1" };
	static const char *const turn[] = { "::1", "127.0.0.2", "127.0.0.1", "::1", "127.0.0.2" };
	struct place p = place_at("127.0.0.1", 0), other = place_at("127.0.0.2", p.port);
	struct place v6 = place_at("[::1]", p.port);

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		begin(named(&p, "tunnel.example"));
		dns_answers(i, dns[i % 2], 0);
		expect_reached();
		reached_at(turn[i]);
		assert_int_equal(vain.n, i + 1);
		hang_up();
		skip_ms(1001);		/* an answer is used for a second at least */
	}
	leaves(&p);
	leaves(&other);
	leaves(&v6);
}

static void
one_that_is_not_connected_to_was_not_in_vain(void **state)
{
	struct place p = place_at("127.0.0.1", 0);

	(void)state;
	leaves(&p);
	begin(named(&p, "tunnel.example"));
	dns_answers(0, "127.0.0.1 ::1", 60);
	run_until(is_done);
	assert_false(reached);
	assert_int_equal(vain.n, 0);
}

/* A name that moves all the time. */
static void
so_many_addresses_in_vain_are_remembered(void **state)
{
	struct place p = place_at("0.0.0.0", 0);
	char ip[32];

	(void)state;
	for (unsigned i = 0; i < REACH_ADDRESSES_MAX + 2; i++) {
		snprintf(ip, sizeof(ip), "127.0.1.%u", i + 1);
		begin(named(&p, "tunnel.example"));
		dns_answers(i, ip, 0);
		expect_reached();
		hang_up();
		skip_ms(1001);
	}
	begin(named(&p, "tunnel.example"));
	dns_answers(REACH_ADDRESSES_MAX + 2, "127.0.1.34 127.0.1.3 127.0.1.2", 60);
	expect_reached();
	reached_at("127.0.1.2");	/* the second: forgotten */
	leaves(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		reach_test(an_address_needs_no_look_up),
		reach_test(a_unix_socket_is_reached_too),
		reach_test(what_came_at_once_is_not_lost_on_the_new_owner),
		reach_test(a_name_without_an_address_fails),
		reach_test(an_answer_at_hand_is_told_later_all_the_same),
		reach_test(after_a_failure_dns_is_asked_anew),
		reach_test(families_take_turns_and_v6_comes_first),
		reach_test(one_family_that_ends_leaves_its_turns_to_the_other),
		reach_test(an_address_that_refuses_makes_room_at_once),
		reach_test(an_address_that_does_not_answer_is_joined_after_250_ms),
		reach_test(a_slow_address_may_still_win),
		reach_test(when_all_fail_the_last_reason_is_told),
		reach_test(many_addresses_are_tried_one_and_all),
		reach_test(an_address_that_was_connected_to_in_vain_comes_last_next_time),
		reach_test(one_that_is_not_connected_to_was_not_in_vain),
		reach_test(so_many_addresses_in_vain_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
