/* SPDX-License-Identifier: ISC */
/* Tests of tunneld/clients.c: what a new file does to whom. */
#include "tunneld_clients_help.h"

static void
an_edit_elsewhere_touches_nothing(void **state)
{
	(void)state;
	load(ID_A " names=a.example\n" ID_B);
	let_in(keyed(1, ID_A, '1'));
	forget_told();
	load("# new\n" ID_C "\n" ID_A " names=a.example # comment\n");
	assert_told("names\n");
	assert_string_equal(find("a.example"), "live 1");
	assert_string_equal(find(ID_A DOMAIN), "live 1");
	assert_string_equal(find(ID_B DOMAIN), "unknown");
	assert_string_equal(find(ID_C DOMAIN), "away");
	assert_int_equal(clients_grants(clients), 2);
}

static void
a_removed_line_ends_its_sessions(void **state)
{
	(void)state;
	load(ID_A " sessions=2\n" ID_B "\n" SECRET " names=s.example");
	let_in(keyed(1, ID_A, '1'));
	let_in(keyed(2, ID_A, '2'));
	let_in(keyed(3, ID_B, '1'));
	let_in(secret(4));
	all[1].closing = true;
	forget_told();
	at_end = leave_ended;
	load(ID_B);
	assert_told("end 1 revoked\nend 2 revoked\nend 4 revoked\nnames\n");
	assert_string_equal(sessions(), "3 ");
	assert_string_equal(find("s.example"), "unknown");
}

static void
new_names_and_streams_are_told(void **state)
{
	(void)state;
	load(ID_A " names=a.example\n" ID_B " streams=5\n" ID_C);
	let_in(keyed(1, ID_A, '1'));
	let_in(keyed(2, ID_B, '1'));
	let_in(keyed(3, ID_C, '1'));
	assert_int_equal(clients_streams(&all[2]), 5);
	assert_int_equal(clients_streams(&all[3]), 1024);
	forget_told();
	load(ID_A " names=b.example\n" ID_B " streams=6\n" ID_C " from=192.0.2.1 sessions=2 "
	    "expires=2027-01-31");
	assert_told("changed 1\nchanged 2\nnames\n");
	assert_int_equal(clients_streams(&all[2]), 6);
	assert_string_equal(find("a.example"), "unknown");
	assert_string_equal(find("b.example"), "live 1");
	load(ID_A " names=b.example\n" ID_B " streams=6\n" ID_C);
	assert_told("names\n");
}

static void
addresses_and_dates_are_judged_again(void **state)
{
	(void)state;
	load(ID_A "\n" ID_B "\n" ID_C);
	let_in(keyed(1, ID_A, '1'));
	let_in(keyed(2, ID_B, '1'));
	let_in(keyed(3, ID_C, '1'));
	forget_told();
	load_at(ID_A " from=10.0.0.0/8\n" ID_B " expires=2027-01-31\n" ID_C " expires=2027-02-01",
	    FEB_2027);
	assert_told("end 1 from\nend 2 expired\nnames\n");
	assert_int_equal(clients_expire(clients, FEB_2027), FEB_2027 + 86400);
	assert_string_equal(find(ID_A DOMAIN), "away");
	load_at(ID_C, FEB_2027);
	assert_true(clients_expire(clients, FEB_2027) == INT64_MAX);
}

static void
a_lower_limit_ends_the_newest(void **state)
{
	(void)state;
	load(ID_A " sessions=4");
	let_in_some(4);
	all[1].closing = true;
	forget_told();
	load(ID_A " sessions=2");
	assert_told("end 4 limit\nnames\n");
	load(ID_A " sessions=2");
	assert_told("names\n");
	all[3].closing = true;
	load(ID_A);
	assert_told("names\n");
	all[3].closing = false;
	load(ID_A " sessions=2");
	load(ID_A);
	assert_told("names\nend 3 limit\nnames\n");
	assert_string_equal(sessions(), "1 2 ");
}

static void
a_roster_can_be_made_before_it_is_put_in_place(void **state)
{
	struct grant *list;
	struct roster *r;

	(void)state;
	load(ID_A);
	let_in(keyed(1, ID_A, '1'));
	assert_true(authfile_parse("f", slice_str(ID_B "\n" ID_A " names=a.example"), NULL,
	    NULL, &list));
	r = roster_new(clients_seed(clients), list);
	assert_non_null(r);
	assert_string_equal(find("a.example"), "unknown");
	forget_told();
	r = clients_change(clients, r, 0);
	assert_told("changed 1\nnames\n");
	roster_free(r);
	assert_string_equal(find("a.example"), "live 1");
	roster_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		clients_test(an_edit_elsewhere_touches_nothing),
		clients_test(a_removed_line_ends_its_sessions),
		clients_test(new_names_and_streams_are_told),
		clients_test(addresses_and_dates_are_judged_again),
		clients_test(a_lower_limit_ends_the_newest),
		clients_test(a_roster_can_be_made_before_it_is_put_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
