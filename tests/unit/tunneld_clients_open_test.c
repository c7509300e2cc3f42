/* SPDX-License-Identifier: ISC */
/* Tests of tunneld/clients.c: where every key is welcome, listed or not. */
#include "tunneld_clients_help.h"

static void
when_open_every_key_may_serve_its_own_name(void **state)
{
	struct session *s = keyed(1, ID_A, '1');

	(void)state;
	assert_string_equal(find(ID_A DOMAIN), "unknown");
	let_in(s);
	assert_string_equal(find(ID_A DOMAIN), "live 1");
	assert_string_equal(find("a.example"), "unknown");
	assert_int_equal(clients_streams(s), 1024);
	assert_null(clients_names(s).p);
	assert_int_equal(refused(keyed(2, ID_A, '2'), 0), CONTROL_LIMIT);
	assert_int_equal(refused(secret(3), 0), CONTROL_UNAUTHORISED);
	clients_leave(clients, s);
	assert_string_equal(find(ID_A DOMAIN), "away");
	assert_int_equal(clients_grants(clients), 0);
	let_in(s);
	assert_string_equal(find(ID_A DOMAIN), "live 1");
}

static void
when_open_a_line_gives_more(void **state)
{
	(void)state;
	load(ID_A " names=a.example sessions=2\n" ID_C " from=10.0.0.0/8");
	let_in(keyed(1, ID_A, '1'));
	let_in(keyed(2, ID_A, '2'));
	let_in(keyed(3, ID_B, '1'));
	assert_int_equal(refused(keyed(4, ID_C, '1'), 0), CONTROL_FROM);
	assert_string_equal(find("a.example"), "live 1");
	assert_string_equal(find(ID_B DOMAIN), "live 3");
}

static void
when_open_lines_come_and_go_under_a_session(void **state)
{
	(void)state;
	let_in(keyed(1, ID_A, '1'));
	forget_told();
	load(ID_A " names=a.example sessions=2");
	assert_told("changed 1\nnames\n");
	assert_string_equal(find("a.example"), "live 1");
	let_in(keyed(2, ID_A, '2'));
	forget_told();
	load(ID_B);
	assert_told("end 2 limit\nchanged 1\nnames\n");
	assert_string_equal(find("a.example"), "unknown");
	assert_string_equal(find(ID_A DOMAIN), "live 1");
	clients_leave(clients, &all[1]);
	assert_string_equal(find(ID_A DOMAIN), "away");
}

/* ---- who is remembered ---- */

static void
come_and_go(unsigned n)
{
	char id[IDENTITY_ID_SIZE];

	number_id(n, id);
	let_in(keyed(1, id, '1'));
	clients_leave(clients, &all[1]);
	forget_told();
}

static void
so_many_ids_are_remembered_and_then_the_oldest_forgotten(void **state)
{
	(void)state;
	let_in(keyed(2, ID_A, '1'));
	for (unsigned n = 0; n <= CLIENTS_REMEMBERED; n++) {
		come_and_go(n);
		if (n == 1)
			come_and_go(0);		/* from then on 1 has been away longer */
		if (n == 2)
			come_and_go(2);		/* who was the last to go, again */
	}
	assert_string_equal(find_number(0), "away");
	assert_string_equal(find_number(1), "unknown");
	assert_string_equal(find_number(2), "away");
	come_and_go(CLIENTS_REMEMBERED + 1);
	come_and_go(CLIENTS_REMEMBERED + 2);
	assert_string_equal(find_number(0), "unknown");
	assert_string_equal(find_number(2), "unknown");
	assert_string_equal(find_number(3), "away");
	assert_string_equal(find_number(CLIENTS_REMEMBERED + 2), "away");
	/* who is there is never forgotten */
	assert_string_equal(find(ID_A DOMAIN), "live 2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		open_clients_test(when_open_every_key_may_serve_its_own_name),
		open_clients_test(when_open_a_line_gives_more),
		open_clients_test(when_open_lines_come_and_go_under_a_session),
		open_clients_test(so_many_ids_are_remembered_and_then_the_oldest_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
