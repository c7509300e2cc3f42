/* SPDX-License-Identifier: ISC */
/* Tests of lib/resolve.c: the cache, TTLs, stale answers, questions taken back. */
#include "dns_help.h"
#include "resolve.h"

static struct resolver *resolver;

static int
setup(void **state)
{
	queries = 0;
	channels_opened = 0;
	calling_back = 0;
	at_once = NULL;
	make_loop(state);
	resolver = resolver_new(loop, 0);
	return resolver == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	resolver_free(resolver);
	return free_loop(state);
}

#define resolve_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

struct asker {
	struct resolve q;
	int answers;
	char said[256];		/* the addresses of the last answer */
	struct asker *then;	/* asks for again when answered */
	const char *again;
	struct asker *cancels;
};

static void
on_answer(struct resolve *q, const struct endpoint *addrs, size_t n)
{
	struct asker *a = EV_CONTAINER(q, struct asker, q);
	char text[ENDPOINT_TEXT_MAX];

	assert_null(q->name);
	a->answers++;
	a->said[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			strcat(a->said, " ");
		strcat(a->said, endpoint_text(&addrs[i], text));
	}
	if (a->cancels != NULL)
		resolver_cancel(&a->cancels->q);
	if (a->then != NULL) {
		struct asker *then = a->then;

		a->then = NULL;
		resolver_ask(resolver, &then->q, slice_str(a->again));
	}
}

static bool
ask(struct asker *a, const char *name)
{
	char *copy = malloc(strlen(name));	/* exact size, and gone when the answer comes */
	bool at_hand;

	memcpy(copy, name, strlen(name));
	a->q.cb = on_answer;
	at_hand = resolver_ask(resolver, &a->q, slice_of(copy, strlen(name)));
	free(copy);
	return at_hand;
}

/* It is the first to ask, and the answer is good for so long. */
static void
learns(struct asker *a, int ttl_s)
{
	assert_false(ask(a, "www.example"));
	dns_answers(0, "192.0.2.1", ttl_s);
}

static void
pass_s(int64_t seconds)
{
	skip_ms(seconds * 1000);
	ev_refresh(loop);
}

static void
nothing_is_opened_before_the_first_question(void **state)
{
	struct asker a = { 0 };

	(void)state;
	assert_int_equal(channels_opened, 0);
	assert_false(ask(&a, "www.example"));
	assert_int_equal(channels_opened, 1);
	resolver_cancel(&a.q);
}

static void
one_query_serves_all_who_ask_meanwhile(void **state)
{
	struct asker a = { 0 }, b = { 0 }, other = { 0 };

	(void)state;
	assert_false(ask(&a, "www.example"));
	assert_false(ask(&b, "www.example"));
	assert_false(ask(&other, "www.example2"));
	assert_int_equal(queries, 2);
	assert_string_equal(query[0].name, "www.example");
	dns_answers(0, "192.0.2.1 2001:db8::1 192.0.2.1", 60);
	assert_string_equal(a.said, "192.0.2.1:0 [2001:db8::1]:0");
	assert_string_equal(b.said, a.said);
	assert_int_equal(other.answers, 0);
	dns_fails(1);
	assert_int_equal(other.answers, 1);
	assert_string_equal(other.said, "");
}

static void
an_answer_serves_until_its_ttl_is_over(void **state)
{
	struct asker a = { 0 };

	(void)state;
	learns(&a, 60);
	pass_s(59);
	assert_true(ask(&a, "www.example"));
	assert_int_equal(a.answers, 2);
	assert_string_equal(a.said, "192.0.2.1:0");
	pass_s(2);
	assert_false(ask(&a, "www.example"));
	assert_int_equal(queries, 2);
	dns_answers(1, "192.0.2.2", 60);
	assert_string_equal(a.said, "192.0.2.2:0");
}

static void
a_ttl_of_nought_serves_for_a_second_and_a_huge_one_for_an_hour(void **state)
{
	struct asker a = { 0 };

	(void)state;
	learns(&a, 0);
	assert_true(ask(&a, "www.example"));
	pass_s(2);
	assert_false(ask(&a, "www.example"));
	dns_answers(1, "192.0.2.1", INT32_MAX);
	pass_s(3599);
	assert_true(ask(&a, "www.example"));
	pass_s(2);
	assert_false(ask(&a, "www.example"));
	dns_fails(2);
}

static void
the_shortest_ttl_of_the_addresses_counts(void **state)
{
	struct asker a = { 0 };
	struct ares_addrinfo *info = calloc(1, sizeof(*info));

	(void)state;
	ask(&a, "www.example");
	info->nodes = node_of("192.0.2.1", 600);
	info->nodes->ai_next = node_of("192.0.2.2", 10);
	call_back(&query[0], ARES_SUCCESS, 0, info);
	pass_s(11);
	assert_false(ask(&a, "www.example"));
	dns_fails(1);
}

/*
 * RFC 1034 3.6.2: the name is an alias for as long as the CNAME says,
 * however long the addresses behind it stay.
 */
static void
the_ttl_of_an_alias_counts_as_well(void **state)
{
	struct asker a = { 0 };
	struct ares_addrinfo *info = calloc(1, sizeof(*info));

	(void)state;
	ask(&a, "www.example");
	info->nodes = node_of("192.0.2.1", 600);
	info->cnames = calloc(1, sizeof(*info->cnames));
	info->cnames->ttl = 300;
	info->cnames->next = calloc(1, sizeof(*info->cnames));
	info->cnames->next->ttl = 10;
	call_back(&query[0], ARES_SUCCESS, 0, info);
	pass_s(9);
	assert_true(ask(&a, "www.example"));
	pass_s(2);
	assert_false(ask(&a, "www.example"));
	dns_fails(1);
}

static void
an_answer_in_doubt_is_asked_for_once_a_second_and_kept_as_stale(void **state)
{
	struct asker a = { 0 };

	(void)state;
	learns(&a, 600);
	for (size_t i = 1; i < 3; i++) {
		resolver_doubt(resolver, slice_str("www.example"));
		assert_true(ask(&a, "www.example"));
		pass_s(2);
		resolver_doubt(resolver, slice_str("www.example"));	/* no second more */
		assert_false(ask(&a, "www.example"));
		assert_int_equal(queries, i + 1);
		dns_answers(i, "192.0.2.2", 600);
		assert_string_equal(a.said, "192.0.2.2:0");
	}
	resolver_doubt(resolver, slice_str("www.example"));
	pass_s(2);
	assert_false(ask(&a, "www.example"));
	dns_fails(3);
	assert_string_equal(a.said, "192.0.2.2:0");
}

/* Where the search list was refused; that the name as it is does not exist says nothing then. */
static void
a_refused_name_is_asked_for_as_it_is(void **state)
{
	struct asker a = { 0 };

	(void)state;
	learns(&a, 10);
	pass_s(11);
	assert_false(ask(&a, "www.example"));
	call_back(&query[1], ARES_ESERVFAIL, 0, NULL);
	assert_int_equal(a.answers, 1);
	assert_string_equal(query[2].name, "www.example.");
	dns_knows_no_such_name(2);
	assert_string_equal(a.said, "192.0.2.1:0");
	pass_s(6);
	assert_false(ask(&a, "www.example"));
	call_back(&query[3], ARES_ECONNREFUSED, 0, NULL);
	dns_answers(4, "192.0.2.2", 60);
	assert_string_equal(a.said, "192.0.2.2:0");
	assert_false(ask(&a, "other.example."));
	call_back(&query[5], ARES_ESERVFAIL, 0, NULL);
	assert_int_equal(queries, 6);
	assert_string_equal(a.said, "");
}

static void
a_failure_is_answered_with_nothing_and_asked_again_a_second_later(void **state)
{
	struct asker a = { 0 };

	(void)state;
	ask(&a, "www.example");
	dns_fails(0);
	assert_int_equal(a.answers, 1);
	assert_string_equal(a.said, "");
	assert_true(ask(&a, "www.example"));
	assert_string_equal(a.said, "");
	assert_int_equal(queries, 1);
	pass_s(2);
	assert_false(ask(&a, "www.example"));
	dns_answers(1, "192.0.2.1", 60);
	assert_string_equal(a.said, "192.0.2.1:0");
}

static void
a_stale_answer_does_not_wait_for_slow_dns(void **state)
{
	struct asker a = { 0 };

	(void)state;
	learns(&a, 10);
	pass_s(11);
	assert_false(ask(&a, "www.example"));
	a.said[0] = '\0';
	pass_s(2);
	run_turn();
	assert_string_equal(a.said, "192.0.2.1:0");
	assert_true(ask(&a, "www.example"));	/* not each time another wait */
	assert_string_equal(a.said, "192.0.2.1:0");
	dns_answers(1, "192.0.2.2", 60);
	assert_true(ask(&a, "www.example"));
	assert_string_equal(a.said, "192.0.2.2:0");
}

static void
a_stale_answer_comes_before_who_asks_gives_up(void **state)
{
	struct asker a = { 0 };

	(void)state;
	resolver_free(resolver);
	resolver = resolver_new(loop, 1000);
	learns(&a, 10);
	pass_s(11);
	assert_false(ask(&a, "www.example"));
	skip_ms(501);
	run_due();
	assert_int_equal(a.answers, 2);
	assert_string_equal(a.said, "192.0.2.1:0");
	dns_fails(1);
}

/* What waited for DNS no longer than so long must not shorten the life of what DNS then said. */
static void
a_refreshed_answer_serves_until_its_ttl_is_over_as_the_first_did(void **state)
{
	struct asker a = { 0 };

	(void)state;
	learns(&a, 60);
	pass_s(61);
	assert_false(ask(&a, "www.example"));
	dns_answers(1, "192.0.2.2", 60);
	for (int s = 0; s < 59; s++) {
		pass_s(1);
		run_turn();
	}
	assert_true(ask(&a, "www.example"));
	assert_int_equal(queries, 2);
}

static void
ipv4_addresses_do_not_wait_for_the_end_of_a_query_for_others(void **state)
{
	struct asker a = { 0 };

	(void)state;
	assert_false(ask(&a, "www.example"));
	skip_ms(400);
	run_due();
	assert_int_equal(queries, 1);
	assert_int_equal(query[0].family, AF_UNSPEC);
	skip_ms(200);
	run_due();
	assert_int_equal(queries, 2);
	assert_int_equal(query[1].family, AF_INET);
	assert_string_equal(query[1].name, "www.example");
	assert_int_equal(a.answers, 0);
	dns_answers(1, "127.0.0.1", 60);
	assert_string_equal(a.said, "127.0.0.1:0");
	assert_true(ask(&a, "www.example"));
	dns_answers(0, "127.0.0.1 2001:db8::1", 60);
	assert_true(ask(&a, "www.example"));
	assert_string_equal(a.said, "127.0.0.1:0 [2001:db8::1]:0");
}

static void
ipv4_addresses_serve_while_the_query_for_others_goes_on(void **state)
{
	struct asker a = { 0 };

	(void)state;
	assert_false(ask(&a, "www.example"));
	skip_ms(600);
	run_due();
	dns_answers(1, "127.0.0.1", 1);
	pass_s(3);
	assert_true(ask(&a, "www.example"));
	dns_answers(0, "127.0.0.1", 1);
	pass_s(2);
	assert_false(ask(&a, "www.example"));
}

/* A host may have IPv6 alone. Broadcasts must be allowed first: as if there were no route. */
static void
an_ipv4_address_without_a_route_waits_for_those_of_ipv6(void **state)
{
	struct asker a = { 0 };

	(void)state;
	assert_false(ask(&a, "www.example"));
	skip_ms(600);
	run_due();
	dns_answers(1, "255.255.255.255", 60);
	assert_int_equal(a.answers, 0);
	dns_answers(0, "255.255.255.255 2001:db8::1", 60);
	assert_string_equal(a.said, "255.255.255.255:0 [2001:db8::1]:0");
}

static void
that_there_is_no_ipv4_address_is_not_the_answer(void **state)
{
	struct asker a = { 0 };

	(void)state;
	assert_false(ask(&a, "www.example"));
	skip_ms(600);
	run_due();
	dns_knows_no_such_name(1);
	assert_int_equal(a.answers, 0);
	dns_answers(0, "2001:db8::1", 60);
	assert_string_equal(a.said, "[2001:db8::1]:0");
}

static void
ipv4_addresses_that_come_after_the_whole_answer_do_not_replace_it(void **state)
{
	struct asker a = { 0 };

	(void)state;
	assert_false(ask(&a, "www.example"));
	skip_ms(600);
	run_due();
	dns_answers(0, "192.0.2.1 2001:db8::1", 60);
	dns_answers(1, "192.0.2.1", 60);
	assert_true(ask(&a, "www.example"));
	assert_string_equal(a.said, "192.0.2.1:0 [2001:db8::1]:0");
}

/* Or who looks for us would have to know how fast DNS was. */
static void
an_address_to_listen_on_is_the_first_of_all(void **state)
{
	struct endpoint first;

	(void)state;
	assert_false(resolve_wait(slice_str("www.example"), 600, &first));
	assert_int_equal(queries, 1);
}

/* Each question waits so long, and not until there has been no other one for a while. */
static void
others_who_ask_meanwhile_do_not_make_the_first_wait_longer(void **state)
{
	struct asker first = { 0 }, other[4] = { 0 };

	(void)state;
	learns(&first, 10);
	pass_s(11);
	assert_false(ask(&first, "www.example"));
	for (int i = 0; i < 4; i++) {
		skip_ms(500);
		run_due();
		ask(&other[i], "www.example");
	}
	assert_int_equal(first.answers, 2);
	dns_fails(1);
}

static void
stale_answers_serve_while_dns_fails(void **state)
{
	struct asker a = { 0 };

	(void)state;
	learns(&a, 10);
	pass_s(11);
	assert_false(ask(&a, "www.example"));
	dns_fails(1);
	assert_string_equal(a.said, "192.0.2.1:0");
	pass_s(4);
	assert_true(ask(&a, "www.example"));	/* not each time another try */
	pass_s(2);
	assert_false(ask(&a, "www.example"));
	dns_answers(2, "192.0.2.9", 10);
	assert_string_equal(a.said, "192.0.2.9:0");
}

/* Its addresses may be somebody else's by now. */
static void
a_name_that_is_gone_is_no_failure_of_dns(void **state)
{
	struct asker a = { 0 };

	(void)state;
	learns(&a, 10);
	pass_s(11);
	assert_false(ask(&a, "www.example"));
	dns_knows_no_such_name(1);
	assert_string_equal(a.said, "");
	assert_true(ask(&a, "www.example"));	/* not each time another query */
	assert_string_equal(a.said, "");
	pass_s(2);
	assert_false(ask(&a, "www.example"));
	dns_fails(2);
	assert_string_equal(a.said, "");
}

static void
an_answer_at_once_comes_from_inside_the_call(void **state)
{
	struct asker a = { 0 };

	(void)state;
	at_once = "127.0.0.1 ::1";
	assert_true(ask(&a, "localhost"));
	assert_string_equal(a.said, "127.0.0.1:0 [::1]:0");
	assert_int_equal(a.answers, 1);
}

static void
a_question_taken_back_is_not_answered(void **state)
{
	struct asker a = { 0 }, b = { 0 }, c = { 0 }, never = { 0 };

	(void)state;
	resolver_cancel(&never.q);
	ask(&a, "www.example");
	ask(&b, "www.example");
	ask(&c, "www.example");
	resolver_cancel(&b.q);
	resolver_cancel(&b.q);
	dns_answers(0, "192.0.2.1", 60);
	assert_int_equal(a.answers, 1);
	assert_int_equal(b.answers, 0);
	assert_int_equal(c.answers, 1);
	resolver_cancel(&a.q);
}

static void
a_question_may_be_taken_back_by_the_answer_to_another(void **state)
{
	struct asker a = { 0 }, b = { 0 };

	(void)state;
	ask(&a, "www.example");
	ask(&b, "www.example");
	a.cancels = &b;
	b.cancels = &a;
	dns_answers(0, "192.0.2.1", 60);
	assert_int_equal(a.answers + b.answers, 1);
}

static void
an_answer_may_ask_the_next_question(void **state)
{
	struct asker a = { 0 }, b = { 0 };

	(void)state;
	a.then = &b;
	a.again = "www.example";
	b.q.cb = on_answer;
	learns(&a, 60);
	assert_string_equal(b.said, "192.0.2.1:0");
	assert_int_equal(queries, 1);
	a.then = &b;
	a.again = "other.example";
	ask(&a, "www.example");
	assert_int_equal(queries, 2);
	dns_answers(1, "192.0.2.2", 60);
	assert_string_equal(b.said, "192.0.2.2:0");
}

static void
a_failed_name_may_be_asked_for_again_by_its_answer(void **state)
{
	struct asker a = { 0 };

	(void)state;
	a.then = &a;
	a.again = "www.example";
	ask(&a, "www.example");
	dns_fails(0);
	if (queries > 1 && query[1].waits)
		dns_fails(1);
	assert_int_equal(a.answers, 2);
}

static void
a_reload_opens_a_new_channel_at_the_next_question_with_stale_answers(void **state)
{
	struct asker a = { 0 };

	(void)state;
	learns(&a, 60);
	resolver_reload(resolver);
	run_turn();
	assert_int_equal(channels_opened, 1);
	assert_false(ask(&a, "www.example"));
	assert_int_equal(channels_opened, 2);
	dns_fails(1);
	assert_string_equal(a.said, "192.0.2.1:0");
	assert_true(ask(&a, "www.example"));
	assert_false(ask(&a, "other.example"));
	assert_int_equal(channels_opened, 2);
	dns_answers(2, "192.0.2.2", 60);
	resolver_reload(resolver);
	resolver_reload(resolver);
	run_turn();
	assert_false(ask(&a, "third.example"));
	assert_int_equal(channels_opened, 3);
	dns_answers(3, "192.0.2.3", 60);
}

/* What has not been answered is asked again of the servers there are now. */
static void
a_reload_fails_no_question_under_way(void **state)
{
	struct asker a = { 0 }, b = { 0 }, c = { 0 };

	(void)state;
	ask(&a, "www.example");
	a.then = &b;		/* what an owner may well do when a name fails */
	a.again = "fallback.example";
	b.q.cb = on_answer;
	resolver_reload(resolver);
	run_turn();
	ask(&c, "other.example");
	assert_int_equal(a.answers, 0);
	assert_int_equal(channels_opened, 2);
	assert_int_equal(queries, 3);
	for (size_t i = 1; i < 3; i++)
		dns_answers(i,
		    strcmp(query[i].name, "www.example") == 0 ? "192.0.2.1" : "192.0.2.2", 60);
	assert_string_equal(a.said, "192.0.2.1:0");
	assert_string_equal(c.said, "192.0.2.2:0");
	dns_fails(3);
}

/* Who is answered may ask from inside the channel that is to go. */
static void
a_reload_waits_for_the_answer_that_comes_in_just_then(void **state)
{
	struct asker a = { 0 }, b = { 0 };

	(void)state;
	ask(&a, "www.example");
	a.then = &b;
	a.again = "fallback.example";
	b.q.cb = on_answer;
	resolver_reload(resolver);
	dns_fails(0);
	run_turn();
	assert_int_equal(channels_opened, 2);
	dns_answers(queries - 1, "192.0.2.1", 60);
	assert_string_equal(b.said, "192.0.2.1:0");
}

/*
 * Nobody asks through a new channel then:
 * what waited for the old one's time to come must not come to it (dns_help.h asserts that).
 */
static void
a_reload_ends_a_query_that_was_taken_back(void **state)
{
	struct asker a = { 0 };

	(void)state;
	ask(&a, "www.example");
	resolver_cancel(&a.q);
	resolver_reload(resolver);
	run_turn();
	pass_s(2);
	run_due();
	assert_int_equal(channels_opened, 1);
	assert_false(ask(&a, "www.example"));
	assert_int_equal(channels_opened, 2);
	dns_answers(1, "192.0.2.1", 60);
	assert_string_equal(a.said, "192.0.2.1:0");
}

static void
a_reload_ends_a_query_whose_askers_got_a_stale_answer(void **state)
{
	struct asker a = { 0 };
	size_t asked;

	(void)state;
	learns(&a, 10);
	pass_s(11);
	assert_false(ask(&a, "www.example"));
	pass_s(2);
	run_due();
	assert_int_equal(a.answers, 2);
	asked = queries;
	resolver_reload(resolver);
	run_turn();
	pass_s(2);
	run_due();
	assert_int_equal(channels_opened, 1);
	assert_int_equal(queries, asked);
}

/* ---- what is forgotten ---- */

static void
ask_for_another_name(int i)
{
	struct asker a = { 0 };
	char name[64];

	queries = 0;
	snprintf(name, sizeof(name), "host%d.example", i);
	ask(&a, name);
	dns_answers(0, "192.0.2.1", 60);
	pass_s(60);
}

static void
names_nobody_asks_for_any_more_are_forgotten(void **state)
{
	(void)state;
	expect_bounded_memory(ask_for_another_name, 20000);
}

static void
an_answer_is_kept_for_hours_in_case_dns_fails(void **state)
{
	struct asker a = { 0 }, b = { 0 };
	char name[64];

	(void)state;
	learns(&a, 60);
	pass_s(12 * 3600);
	for (int i = 0; i < 2000; i++) {
		queries = 0;
		snprintf(name, sizeof(name), "host%d.example", i);
		ask(&b, name);
		dns_fails(0);
	}
	queries = 0;
	assert_false(ask(&a, "www.example"));
	dns_fails(0);
	assert_string_equal(a.said, "192.0.2.1:0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		resolve_test(nothing_is_opened_before_the_first_question),
		resolve_test(one_query_serves_all_who_ask_meanwhile),
		resolve_test(an_answer_serves_until_its_ttl_is_over),
		resolve_test(a_ttl_of_nought_serves_for_a_second_and_a_huge_one_for_an_hour),
		resolve_test(the_shortest_ttl_of_the_addresses_counts),
		resolve_test(the_ttl_of_an_alias_counts_as_well),
		resolve_test(an_answer_in_doubt_is_asked_for_once_a_second_and_kept_as_stale),
		resolve_test(a_refused_name_is_asked_for_as_it_is),
		resolve_test(a_failure_is_answered_with_nothing_and_asked_again_a_second_later),
		resolve_test(a_stale_answer_does_not_wait_for_slow_dns),
		resolve_test(a_stale_answer_comes_before_who_asks_gives_up),
		resolve_test(a_refreshed_answer_serves_until_its_ttl_is_over_as_the_first_did),
		resolve_test(ipv4_addresses_do_not_wait_for_the_end_of_a_query_for_others),
		resolve_test(ipv4_addresses_serve_while_the_query_for_others_goes_on),
		resolve_test(an_ipv4_address_without_a_route_waits_for_those_of_ipv6),
		resolve_test(that_there_is_no_ipv4_address_is_not_the_answer),
		resolve_test(ipv4_addresses_that_come_after_the_whole_answer_do_not_replace_it),
		resolve_test(an_address_to_listen_on_is_the_first_of_all),
		resolve_test(others_who_ask_meanwhile_do_not_make_the_first_wait_longer),
		resolve_test(stale_answers_serve_while_dns_fails),
		resolve_test(a_name_that_is_gone_is_no_failure_of_dns),
		resolve_test(an_answer_at_once_comes_from_inside_the_call),
		resolve_test(a_question_taken_back_is_not_answered),
		resolve_test(a_question_may_be_taken_back_by_the_answer_to_another),
		resolve_test(an_answer_may_ask_the_next_question),
		resolve_test(a_failed_name_may_be_asked_for_again_by_its_answer),
		resolve_test(a_reload_opens_a_new_channel_at_the_next_question_with_stale_answers),
		resolve_test(a_reload_fails_no_question_under_way),
		resolve_test(a_reload_waits_for_the_answer_that_comes_in_just_then),
		resolve_test(a_reload_ends_a_query_that_was_taken_back),
		resolve_test(a_reload_ends_a_query_whose_askers_got_a_stale_answer),
		resolve_test(names_nobody_asks_for_any_more_are_forgotten),
		resolve_test(an_answer_is_kept_for_hours_in_case_dns_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
