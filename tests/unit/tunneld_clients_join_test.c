/* SPDX-License-Identifier: ISC */
/* Tests of tunneld/clients.c: who is let in, for how long, and how many of one key. */
#include "tunneld_clients_help.h"

/* ---- who is let in ---- */

static void
without_a_file_nobody_is_let_in(void **state)
{
	(void)state;
	assert_int_equal(refused(keyed(1, ID_A, '1'), 0), CONTROL_UNAUTHORISED);
	assert_int_equal(refused(secret(2), 0), CONTROL_UNAUTHORISED);
	assert_string_equal(find(ID_A DOMAIN), "unknown");
	assert_string_equal(sessions(), "");
	assert_told("");
	clients_leave(clients, &all[1]);
	clients_leave(clients, &all[3]);	/* never seen */
	assert_told("");
}

static void
listed_keys_are_let_in_and_others_not(void **state)
{
	(void)state;
	load(ID_A "\n");
	assert_told("names\n");
	let_in(keyed(1, ID_A, '1'));
	assert_told("names\n");
	assert_int_equal(refused(keyed(2, ID_B, '1'), 0), CONTROL_UNAUTHORISED);
	assert_told("");
	assert_string_equal(find(ID_A DOMAIN), "live 1");
	assert_string_equal(find(ID_B DOMAIN), "unknown");
	assert_int_equal(clients_grants(clients), 1);
	clients_leave(clients, &all[1]);
	assert_told("names\n");
	assert_string_equal(find(ID_A DOMAIN), "away");
	assert_string_equal(sessions(), "");
	clients_leave(clients, &all[1]);
	assert_told("");
}

static void
a_secret_has_its_names_and_nothing_else(void **state)
{
	(void)state;
	load(SECRET " names=a.example\n");
	let_in(secret(1));
	assert_string_equal(find("a.example"), "live 1");
	assert_string_equal(find(&DOMAIN[1]), "unknown");
}

static void
addresses_are_judged(void **state)
{
	(void)state;
	load(ID_A " from=10.0.0.0/8,192.0.2.0/24\n" ID_B " from=10.0.0.0/8");
	let_in(keyed(1, ID_A, '1'));
	assert_int_equal(refused(keyed(2, ID_B, '1'), 0), CONTROL_FROM);
	assert_string_equal(sessions(), "1 ");
}

/* ---- expiry ---- */

static void
a_key_holds_through_its_last_second(void **state)
{
	(void)state;
	load(ID_A " expires=2027-01-31");
	assert_int_equal(refused(keyed(1, ID_A, '1'), FEB_2027), CONTROL_EXPIRED);
	assert_true(clients_join(clients, keyed(1, ID_A, '1'), FEB_2027 - 1));
}

static void
expiry_ends_sessions_and_says_when_to_look_again(void **state)
{
	(void)state;
	load(ID_A " expires=2027-01-31\n" ID_B " expires=2027-02-28\n" ID_C);
	assert_true(clients_expire(clients, 0) == INT64_MAX);	/* nobody is there */
	let_in(keyed(3, ID_C, '1'));
	assert_true(clients_expire(clients, 0) == INT64_MAX);
	let_in(keyed(2, ID_B, '1'));
	let_in(keyed(1, ID_A, '1'));
	assert_int_equal(clients_expire(clients, FEB_2027 - 1), FEB_2027);
	forget_told();
	assert_int_equal(clients_expire(clients, FEB_2027), FEB_2027 + 28 * 86400);
	assert_told("end 1 expired\nnames\n");
	assert_string_equal(find(ID_A DOMAIN), "away");
	assert_string_equal(find(ID_B DOMAIN), "live 2");
	assert_true(clients_expire(clients, FEB_2027 + 28 * 86400) == INT64_MAX);
	assert_told("end 2 expired\nnames\n");
	assert_string_equal(sessions(), "3 ");
}

static void
sessions_may_leave_while_they_are_ended(void **state)
{
	(void)state;
	load(ID_A " sessions=3 expires=2027-01-31");
	let_in_some(3);
	forget_told();
	at_end = leave_ended;
	clients_expire(clients, FEB_2027);
	assert_told("end 1 expired\nend 2 expired\nend 3 expired\nnames\n");
	assert_string_equal(sessions(), "");
}

static void
leave_all_of_them(struct session *s)
{
	(void)s;
	for (int i = 1; i < 4; i++)
		clients_leave(clients, &all[i]);
}

static void
sessions_may_leave_while_another_is_ended(void **state)
{
	(void)state;
	at_end = leave_all_of_them;
	load(ID_A " sessions=3 expires=2027-01-31");
	let_in_some(3);
	forget_told();
	clients_expire(clients, FEB_2027);
	assert_told("end 1 expired\nnames\nnames\nnames\n");
	let_in_some(3);
	forget_told();
	load("");
	assert_told("end 1 revoked\nnames\n");
	assert_string_equal(sessions(), "");
}

/* ---- several of one key ---- */

static void
the_same_instance_takes_its_own_place(void **state)
{
	(void)state;
	load(ID_A);
	let_in(keyed(1, ID_A, '1'));
	forget_told();
	let_in(keyed(2, ID_A, '1'));
	assert_told("end 1 replaced\nnames\n");
	assert_string_equal(find(ID_A DOMAIN), "live 2");
	assert_string_equal(sessions(), "2 ");
	clients_leave(clients, &all[1]);
	assert_told("");
	assert_string_equal(find(ID_A DOMAIN), "live 2");
}

static void
replacing_works_from_within(void **state)
{
	(void)state;
	load(ID_A);
	at_end = leave_ended;
	let_in(keyed(1, ID_A, '1'));
	let_in(keyed(2, ID_A, '1'));
	assert_string_equal(sessions(), "2 ");
}

static void
another_instance_is_turned_away_at_the_limit(void **state)
{
	(void)state;
	load(ID_A);
	let_in(keyed(1, ID_A, '1'));
	forget_told();
	assert_int_equal(refused(keyed(2, ID_A, '2'), 0), CONTROL_LIMIT);
	assert_told("");
	assert_string_equal(find(ID_A DOMAIN), "live 1");
	clients_leave(clients, &all[2]);
	assert_told("");
	clients_leave(clients, &all[1]);
	let_in(&all[2]);
}

static void
instances_share_up_to_sessions(void **state)
{
	(void)state;
	load(ID_A " sessions=2");
	let_in(keyed(1, ID_A, '1'));
	let_in(keyed(2, ID_A, '2'));
	assert_int_equal(refused(keyed(3, ID_A, '3'), 0), CONTROL_LIMIT);
	let_in(keyed(4, ID_A, '2'));		/* full, but this one is known */
	assert_string_equal(sessions(), "1 4 ");
}

static void
each_connection_of_a_secret_counts(void **state)
{
	(void)state;
	load(SECRET " names=a.example sessions=2");
	let_in(secret(1));
	let_in(secret(2));
	assert_int_equal(refused(secret(3), 0), CONTROL_LIMIT);
	assert_string_equal(sessions(), "1 2 ");
}

static void
a_closing_session_counts_no_more_and_is_left_alone(void **state)
{
	(void)state;
	load(ID_A);
	let_in(keyed(1, ID_A, '1'));
	all[1].closing = true;
	assert_string_equal(find(ID_A DOMAIN), "away");
	forget_told();
	let_in(keyed(2, ID_A, '2'));
	all[2].closing = true;
	let_in(keyed(3, ID_A, '2'));
	assert_told("names\nnames\n");
	assert_string_equal(find(ID_A DOMAIN), "live 3");
	assert_string_equal(sessions(), "1 2 3 ");
}

static void
closing_sessions_are_not_without_number(void **state)
{
	(void)state;
	load(ID_A "\n" SECRET " names=a.example streams=3");
	for (int i = 0; i < 9; i++) {
		let_in(keyed(i, ID_A, (char)('0' + i)));
		all[i].closing = true;
	}
	assert_int_equal(refused(keyed(9, ID_A, '9'), 0), CONTROL_LIMIT);
	clients_leave(clients, &all[0]);
	let_in(keyed(9, ID_A, '9'));
	for (int i = 10; i < 14; i++) {		/* each is one visitor's */
		let_in(secret(i));
		all[i].closing = true;
	}
	assert_int_equal(refused(secret(14), 0), CONTROL_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		clients_test(without_a_file_nobody_is_let_in),
		clients_test(listed_keys_are_let_in_and_others_not),
		clients_test(a_secret_has_its_names_and_nothing_else),
		clients_test(addresses_are_judged),
		clients_test(a_key_holds_through_its_last_second),
		clients_test(expiry_ends_sessions_and_says_when_to_look_again),
		clients_test(sessions_may_leave_while_they_are_ended),
		clients_test(sessions_may_leave_while_another_is_ended),
		clients_test(the_same_instance_takes_its_own_place),
		clients_test(replacing_works_from_within),
		clients_test(another_instance_is_turned_away_at_the_limit),
		clients_test(instances_share_up_to_sessions),
		clients_test(each_connection_of_a_secret_counts),
		clients_test(a_closing_session_counts_no_more_and_is_left_alone),
		clients_test(closing_sessions_are_not_without_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
