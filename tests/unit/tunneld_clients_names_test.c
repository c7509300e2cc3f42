/* SPDX-License-Identifier: ISC */
/* Tests of tunneld/clients.c: where a name leads, and the names of a session. */
#include "tunneld_clients_help.h"

/* ---- which session ---- */

static void
the_session_with_the_fewest_visitors_is_found(void **state)
{
	(void)state;
	load(ID_A " sessions=3");
	let_in_some(3);
	all[1].visitors = 2;
	all[2].visitors = 1;
	all[3].visitors = 2;
	assert_string_equal(find(ID_A DOMAIN), "live 2");
	assert_string_equal(find(ID_A DOMAIN), "live 2");
	all[2].closing = true;
	assert_string_equal(find(ID_A DOMAIN), "live 1");
}

static void
equals_take_turns(void **state)
{
	(void)state;
	load(ID_A " sessions=3");
	let_in_some(3);
	for (int round = 0; round < 3; round++) {
		assert_string_equal(find(ID_A DOMAIN), "live 1");
		assert_string_equal(find(ID_A DOMAIN), "live 2");
		assert_string_equal(find(ID_A DOMAIN), "live 3");
	}
	clients_leave(clients, &all[2]);
	assert_string_equal(find(ID_A DOMAIN), "live 1");
	assert_string_equal(find(ID_A DOMAIN), "live 3");
	assert_string_equal(find(ID_A DOMAIN), "live 1");
}

static void
two_clients_may_share_a_name(void **state)
{
	(void)state;
	load(ID_A " names=a.example\n" ID_B " names=b.example,a.example\n" ID_C " names=*.example");
	let_in(keyed(3, ID_C, '1'));
	assert_string_equal(find("a.example"), "away");
	let_in(keyed(1, ID_A, '1'));
	let_in(keyed(2, ID_B, '1'));
	assert_string_equal(find("a.example"), "live 1");
	assert_string_equal(find("a.example"), "live 2");
	assert_string_equal(find("a.example"), "live 1");
	all[1].visitors = 1;
	assert_string_equal(find("a.example"), "live 2");
	assert_string_equal(find("a.example"), "live 2");
}

static void
exact_names_beat_patterns_and_longer_ones_shorter_ones(void **state)
{
	(void)state;
	load(ID_A " names=*.example,*.b.example\n" ID_B " names=*.a.example\n"
	    ID_C " names=x.a.example");
	let_in(keyed(1, ID_A, '1'));
	let_in(keyed(2, ID_B, '1'));
	let_in(keyed(3, ID_C, '1'));
	assert_string_equal(find("x.a.example"), "live 3");
	assert_string_equal(find("y.a.example"), "live 2");
	assert_string_equal(find("z.y.a.example"), "live 2");
	assert_string_equal(find("y.x.a.example"), "live 2");
	assert_string_equal(find("a.example"), "live 1");
	assert_string_equal(find("y.c.example"), "live 1");
	assert_string_equal(find("y.b.example"), "live 1");
	assert_string_equal(find("example"), "unknown");
	assert_string_equal(find("x.a.examples"), "unknown");
	clients_leave(clients, &all[2]);
	clients_leave(clients, &all[3]);
	assert_string_equal(find("x.a.example"), "away");	/* nobody else's */
	assert_string_equal(find("y.a.example"), "away");
}

static void
a_pattern_never_takes_a_name_shaped_like_an_id(void **state)
{
	(void)state;
	load(ID_A " names=*.tun.example.com,*.example");
	let_in(keyed(1, ID_A, '1'));
	assert_string_equal(find("x.tun.example.com"), "live 1");
	assert_string_equal(find(ID_B DOMAIN), "unknown");
	assert_string_equal(find(ID_B ".example"), "unknown");
	assert_string_equal(find(ID_B), "unknown");
	assert_string_equal(find("x." ID_B DOMAIN), "live 1");
	assert_string_equal(find(ID_A DOMAIN), "live 1");
	assert_string_equal(find(ID_A ".tun.example.org"), "unknown");
	assert_string_equal(find(ID_A ".x.tun.example.com"), "unknown");
	assert_string_equal(find(ID_A), "unknown");
}

static void
no_name_at_all_is_unknown(void **state)
{
	struct session *s;
	size_t from;

	(void)state;
	load(ID_A " names=*.example");
	assert_int_equal(clients_find(clients, slice_of(NULL, 0), &s, &from), CLIENTS_UNKNOWN);
	assert_int_equal(clients_find(clients, slice_of("", 0), &s, &from), CLIENTS_UNKNOWN);
}

/* The rest of name, from where a pattern led to it; all of it when itself did. */
static const char *
led_by(const char *name)
{
	struct session *s;
	size_t from;

	assert_int_equal(clients_find(clients, slice_str(name), &s, &from), CLIENTS_LIVE);
	return name + from;
}

static void
what_led_there_is_told(void **state)
{
	(void)state;
	load(ID_A " names=*.example,*.b.example,x.b.example");
	let_in(keyed(1, ID_A, '1'));
	assert_string_equal(led_by(ID_A DOMAIN), ID_A DOMAIN);
	assert_string_equal(led_by("x.b.example"), "x.b.example");
	assert_string_equal(led_by("y.b.example"), ".b.example");
	assert_string_equal(led_by("z.y.b.example"), ".b.example");
	assert_string_equal(led_by("b.example"), ".example");
	assert_string_equal(led_by("z.y.example"), ".example");
}

static void
many_lines_are_found_one_by_one(void **state)
{
	const unsigned n = 20000;
	char *text = malloc(n * 128), *at = text, id[IDENTITY_ID_SIZE], name[128];

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		number_id(i, id);
		at += sprintf(at, "%s names=h%u.example,*.p%u.example\n", id, i, i);
	}
	load(text);
	assert_int_equal(clients_grants(clients), n);
	for (unsigned i = 0; i < n; i += 97) {
		assert_string_equal(find_number(i), "away");
		snprintf(name, sizeof(name), "h%u.example", i);
		assert_string_equal(find(name), "away");
		snprintf(name, sizeof(name), "x.p%u.example", i);
		assert_string_equal(find(name), "away");
	}
	assert_string_equal(find_number(n), "unknown");
	assert_string_equal(find("h20000.example"), "unknown");
	assert_string_equal(find("p1.example"), "unknown");
	free(text);
}

/* ---- names of a session ---- */

static void
a_sessions_names_begin_with_its_id(void **state)
{
	char name[CLIENTS_NAME_MAX];

	(void)state;
	load(ID_A " names=a.example,*.b.example\n" SECRET " names=s.example\n" ID_B);
	let_in(keyed(1, ID_A, '1'));
	let_in(secret(2));
	let_in(keyed(3, ID_B, '1'));
	assert_true(clients_name(clients, &all[1], 0, name));
	assert_string_equal(name, ID_A DOMAIN);
	assert_true(clients_name(clients, &all[1], 1, name));
	assert_string_equal(name, "a.example");
	assert_true(clients_name(clients, &all[1], 2, name));
	assert_string_equal(name, "*.b.example");
	assert_false(clients_name(clients, &all[1], 3, name));
	assert_true(clients_name(clients, &all[2], 0, name));
	assert_string_equal(name, "s.example");
	assert_false(clients_name(clients, &all[2], 1, name));
	assert_true(clients_name(clients, &all[3], 0, name));
	assert_false(clients_name(clients, &all[3], 1, name));
	assert_int_equal(clients_names(&all[1]).len, strlen("a.example,*.b.example"));
}

static void
the_longest_name_fits(void **state)
{
	char line[400] = ID_A " names=*.", name[CLIENTS_NAME_MAX];

	(void)state;
	for (int i = 0; i < 127; i++)
		strcat(line, i == 0 ? "a" : ".a");
	load(line);
	let_in(keyed(1, ID_A, '1'));
	assert_true(clients_name(clients, &all[1], 1, name));
	assert_int_equal(strlen(name), HOST_MAX + 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		clients_test(the_session_with_the_fewest_visitors_is_found),
		clients_test(equals_take_turns),
		clients_test(two_clients_may_share_a_name),
		clients_test(exact_names_beat_patterns_and_longer_ones_shorter_ones),
		clients_test(a_pattern_never_takes_a_name_shaped_like_an_id),
		clients_test(no_name_at_all_is_unknown),
		clients_test(what_led_there_is_told),
		clients_test(many_lines_are_found_one_by_one),
		clients_test(a_sessions_names_begin_with_its_id),
		clients_test(the_longest_name_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
