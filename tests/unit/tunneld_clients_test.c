/* SPDX-License-Identifier: ISC */
/* Tests of tunneld/clients.c: who is let in, what a reload does to whom, and where a name leads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../tunneld/clients.h"

#define ID_A "ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sq"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbba"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccq"
#define HASH_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SECRET "secret=sha256:" HASH_OF_ABC
#define DOMAIN ".tun.example.com"
#define FEB_2027 1801440000	/* the end of 2027-01-31 */

static struct clients *clients;
static struct session all[16];
static char told[4096];		/* by callbacks: "end 3 revoked\n", "changed 2\n", "names\n" */
static void (*at_end)(struct session *s);

static void
note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
note(const char *format, ...)
{
	size_t n = strlen(told);
	va_list ap;

	va_start(ap, format);
	vsnprintf(told + n, sizeof(told) - n, format, ap);
	va_end(ap);
}

static void
on_end(void *arg, struct session *s, enum control_code why)
{
	assert_ptr_equal(arg, told);
	note("end %td %s\n", s - all, control_code_word(why));
	if (at_end != NULL)
		at_end(s);
}

static void
on_changed(void *arg, struct session *s)
{
	assert_ptr_equal(arg, told);
	note("changed %td\n", s - all);
}

static void
on_names(void *arg)
{
	assert_ptr_equal(arg, told);
	note("names\n");
}

static void
open_clients(bool open)
{
	static const struct clients_ops ops = { .end = on_end, .changed = on_changed, .names = on_names };

	clients = clients_new("tun.example.com", open, &ops, told);
	assert_non_null(clients);
}

static void
load_at(const char *text, int64_t now)
{
	struct grant *list;

	assert_true(authfile_parse("f", slice_str(text), NULL, NULL, &list));
	assert_true(clients_load(clients, list, now));
}

static void
load(const char *text)
{
	load_at(text, 0);
}

static int
setup(void **state)
{
	(void)state;
	memset(all, 0, sizeof(all));
	told[0] = '\0';
	at_end = NULL;
	open_clients(false);
	return 0;
}

static int
setup_open(void **state)
{
	setup(state);
	clients_free(clients);
	open_clients(true);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	clients_free(clients);
	return 0;
}

/* Session i: of a key, with an instance made of one digit. */
static struct session *
keyed(int i, const char *id, char instance)
{
	struct session *s = &all[i];

	strcpy(s->id, id);
	memset(s->instance, instance, CONTROL_INSTANCE_LEN);
	assert_true(endpoint_parse_ip(slice_str("192.0.2.1"), &s->peer));
	return s;
}

static struct session *
secret(int i)
{
	struct session *s = &all[i];

	s->by_secret = true;
	sha256(slice_str("abc"), s->secret);
	assert_true(endpoint_parse_ip(slice_str("192.0.2.1"), &s->peer));
	return s;
}

static enum clients_verdict
join(struct session *s)
{
	return clients_join(clients, s, 0);
}

static void
let_in(struct session *s)
{
	assert_int_equal(join(s), CLIENTS_WELCOME);
}

/* What callbacks said since it was asked last. */
static void
assert_told(const char *text)
{
	assert_string_equal(told, text);
	told[0] = '\0';
}

/* "live 3", "away" or "unknown" */
static const char *
find(const char *name)
{
	static char text[32];
	struct session *s = NULL;

	switch (clients_find(clients, slice_str(name), &s)) {
	case CLIENTS_LIVE:
		snprintf(text, sizeof(text), "live %td", s - all);
		return text;
	case CLIENTS_AWAY:
		return "away";
	case CLIENTS_UNKNOWN:
		break;
	}
	return "unknown";
}

/* All the sessions, in the order of clients_next(). */
static const char *
sessions(void)
{
	static char text[64];
	size_t n = 0;

	text[0] = '\0';
	for (struct session *s = clients_next(clients, NULL); s != NULL; s = clients_next(clients, s)) {
		sprintf(text + strlen(text), "%td ", s - all);
		n++;
	}
	assert_int_equal(n, clients_sessions(clients));
	return text;
}

/* ---- who is let in ---- */

static void
without_a_file_nobody_is_let_in(void **state)
{
	(void)state;
	assert_int_equal(join(keyed(1, ID_A, '1')), CLIENTS_UNAUTHORISED);
	assert_int_equal(join(secret(2)), CLIENTS_UNAUTHORISED);
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
	assert_int_equal(join(keyed(1, ID_A, '1')), CLIENTS_WELCOME);
	assert_told("names\n");
	assert_int_equal(join(keyed(2, ID_B, '1')), CLIENTS_UNAUTHORISED);
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
	assert_string_equal(find(DOMAIN + 1), "unknown");
}

static void
addresses_are_judged(void **state)
{
	(void)state;
	load(ID_A " from=10.0.0.0/8,192.0.2.0/24\n" ID_B " from=10.0.0.0/8");
	assert_int_equal(join(keyed(1, ID_A, '1')), CLIENTS_WELCOME);
	assert_int_equal(join(keyed(2, ID_B, '1')), CLIENTS_FROM);
	assert_string_equal(sessions(), "1 ");
}

static void
a_key_holds_through_its_last_second(void **state)
{
	(void)state;
	load(ID_A " expires=2027-01-31");
	assert_int_equal(clients_join(clients, keyed(1, ID_A, '1'), FEB_2027), CLIENTS_EXPIRED);
	assert_int_equal(clients_join(clients, keyed(1, ID_A, '1'), FEB_2027 - 1), CLIENTS_WELCOME);
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
	told[0] = '\0';
	assert_int_equal(clients_expire(clients, FEB_2027), FEB_2027 + 28 * 86400);
	assert_told("end 1 expired\nnames\n");
	assert_string_equal(find(ID_A DOMAIN), "away");
	assert_string_equal(find(ID_B DOMAIN), "live 2");
	assert_true(clients_expire(clients, FEB_2027 + 28 * 86400) == INT64_MAX);
	assert_told("end 2 expired\nnames\n");
	assert_string_equal(sessions(), "3 ");
}

static void
leave_ended(struct session *s)
{
	clients_leave(clients, s);
	memset(s, 0xa5, sizeof(*s));
}

static void
leave_all_of_them(struct session *s)
{
	(void)s;
	for (int i = 1; i < 4; i++)
		clients_leave(clients, &all[i]);
}

static void
sessions_may_leave_while_they_are_ended(void **state)
{
	(void)state;
	load(ID_A " sessions=3 expires=2027-01-31");
	for (int i = 1; i < 4; i++)
		let_in(keyed(i, ID_A, (char)('0' + i)));
	told[0] = '\0';
	at_end = leave_ended;
	clients_expire(clients, FEB_2027);
	assert_told("end 1 expired\nend 2 expired\nend 3 expired\nnames\n");
	assert_string_equal(sessions(), "");
}

static void
sessions_may_leave_while_another_is_ended(void **state)
{
	(void)state;
	at_end = leave_all_of_them;
	load(ID_A " sessions=3 expires=2027-01-31");
	for (int i = 1; i < 4; i++)
		let_in(keyed(i, ID_A, (char)('0' + i)));
	told[0] = '\0';
	clients_expire(clients, FEB_2027);
	assert_told("end 1 expired\nnames\nnames\nnames\n");
	for (int i = 1; i < 4; i++)
		let_in(keyed(i, ID_A, (char)('0' + i)));
	told[0] = '\0';
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
	told[0] = '\0';
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
	told[0] = '\0';
	assert_int_equal(join(keyed(2, ID_A, '2')), CLIENTS_LIMIT);
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
	assert_int_equal(join(keyed(3, ID_A, '3')), CLIENTS_LIMIT);
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
	assert_int_equal(join(secret(3)), CLIENTS_LIMIT);
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
	told[0] = '\0';
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
	assert_int_equal(join(keyed(9, ID_A, '9')), CLIENTS_LIMIT);
	clients_leave(clients, &all[0]);
	let_in(keyed(9, ID_A, '9'));
	for (int i = 10; i < 14; i++) {		/* each is one visitor's */
		let_in(secret(i));
		all[i].closing = true;
	}
	assert_int_equal(join(secret(14)), CLIENTS_LIMIT);
}

/* ---- which session ---- */

static void
the_session_with_the_fewest_visitors_is_found(void **state)
{
	(void)state;
	load(ID_A " sessions=3");
	for (int i = 1; i < 4; i++)
		let_in(keyed(i, ID_A, (char)('0' + i)));
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
	for (int i = 1; i < 4; i++)
		let_in(keyed(i, ID_A, (char)('0' + i)));
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
	load(ID_A " names=*.example,*.b.example\n" ID_B " names=*.a.example\n" ID_C " names=x.a.example");
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

	(void)state;
	load(ID_A " names=*.example");
	assert_int_equal(clients_find(clients, slice_of(NULL, 0), &s), CLIENTS_UNKNOWN);
	assert_int_equal(clients_find(clients, slice_of("", 0), &s), CLIENTS_UNKNOWN);
}

/* ---- a new file ---- */

static void
an_edit_elsewhere_touches_nothing(void **state)
{
	(void)state;
	load(ID_A " names=a.example\n" ID_B);
	let_in(keyed(1, ID_A, '1'));
	told[0] = '\0';
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
	told[0] = '\0';
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
	told[0] = '\0';
	load(ID_A " names=b.example\n" ID_B " streams=6\n" ID_C " from=192.0.2.1 sessions=2 expires=2027-01-31");
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
	told[0] = '\0';
	load_at(ID_A " from=10.0.0.0/8\n" ID_B " expires=2027-01-31\n" ID_C " expires=2027-02-01", FEB_2027);
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
	for (int i = 1; i < 5; i++)
		let_in(keyed(i, ID_A, (char)('0' + i)));
	all[1].closing = true;
	told[0] = '\0';
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
	assert_true(authfile_parse("f", slice_str(ID_B "\n" ID_A " names=a.example"), NULL, NULL, &list));
	r = roster_new(clients_seed(clients), list);
	assert_non_null(r);
	assert_string_equal(find("a.example"), "unknown");
	told[0] = '\0';
	r = clients_change(clients, r, 0);
	assert_told("changed 1\nnames\n");
	roster_free(r);
	assert_string_equal(find("a.example"), "live 1");
	roster_free(NULL);
}

/* ---- open ---- */

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
	assert_int_equal(join(keyed(2, ID_A, '2')), CLIENTS_LIMIT);
	assert_int_equal(join(secret(3)), CLIENTS_UNAUTHORISED);
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
	assert_int_equal(join(keyed(4, ID_C, '1')), CLIENTS_FROM);
	assert_string_equal(find("a.example"), "live 1");
	assert_string_equal(find(ID_B DOMAIN), "live 3");
}

static void
when_open_lines_come_and_go_under_a_session(void **state)
{
	(void)state;
	let_in(keyed(1, ID_A, '1'));
	told[0] = '\0';
	load(ID_A " names=a.example sessions=2");
	assert_told("changed 1\nnames\n");
	assert_string_equal(find("a.example"), "live 1");
	let_in(keyed(2, ID_A, '2'));
	told[0] = '\0';
	load(ID_B);
	assert_told("end 2 limit\nchanged 1\nnames\n");
	assert_string_equal(find("a.example"), "unknown");
	assert_string_equal(find(ID_A DOMAIN), "live 1");
	clients_leave(clients, &all[1]);
	assert_string_equal(find(ID_A DOMAIN), "away");
}

/* Distinct ids: 13 characters of the number, 39 of filling. */
static void
number_id(unsigned n, char id[static IDENTITY_ID_SIZE])
{
	memset(id, 'a', IDENTITY_ID_LEN);
	for (int i = 0; i < 13; i++, n >>= 2)
		id[i] = (char)('a' + (n & 3));
	id[IDENTITY_ID_LEN] = '\0';
}

static void
come_and_go(unsigned n)
{
	char id[IDENTITY_ID_SIZE];

	number_id(n, id);
	let_in(keyed(1, id, '1'));
	clients_leave(clients, &all[1]);
	told[0] = '\0';
}

static const char *
find_number(unsigned n)
{
	char name[128], id[IDENTITY_ID_SIZE];

	number_id(n, id);
	snprintf(name, sizeof(name), "%s" DOMAIN, id);
	return find(name);
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
	assert_string_equal(find(ID_A DOMAIN), "live 2");	/* who is there is never forgotten */
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

/* ---- many ---- */

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

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define open_test(f) cmocka_unit_test_setup_teardown(f, setup_open, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		test(without_a_file_nobody_is_let_in),
		test(listed_keys_are_let_in_and_others_not),
		test(a_secret_has_its_names_and_nothing_else),
		test(addresses_are_judged),
		test(a_key_holds_through_its_last_second),
		test(expiry_ends_sessions_and_says_when_to_look_again),
		test(sessions_may_leave_while_they_are_ended),
		test(sessions_may_leave_while_another_is_ended),
		test(the_same_instance_takes_its_own_place),
		test(replacing_works_from_within),
		test(another_instance_is_turned_away_at_the_limit),
		test(instances_share_up_to_sessions),
		test(each_connection_of_a_secret_counts),
		test(a_closing_session_counts_no_more_and_is_left_alone),
		test(closing_sessions_are_not_without_number),
		test(the_session_with_the_fewest_visitors_is_found),
		test(equals_take_turns),
		test(two_clients_may_share_a_name),
		test(exact_names_beat_patterns_and_longer_ones_shorter_ones),
		test(a_pattern_never_takes_a_name_shaped_like_an_id),
		test(no_name_at_all_is_unknown),
		test(an_edit_elsewhere_touches_nothing),
		test(a_removed_line_ends_its_sessions),
		test(new_names_and_streams_are_told),
		test(addresses_and_dates_are_judged_again),
		test(a_lower_limit_ends_the_newest),
		test(a_roster_can_be_made_before_it_is_put_in_place),
		open_test(when_open_every_key_may_serve_its_own_name),
		open_test(when_open_a_line_gives_more),
		open_test(when_open_lines_come_and_go_under_a_session),
		open_test(so_many_ids_are_remembered_and_then_the_oldest_forgotten),
		test(a_sessions_names_begin_with_its_id),
		test(the_longest_name_fits),
		test(many_lines_are_found_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
