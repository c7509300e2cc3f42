/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/dial.c: several dials in a turn. All connect before any of them speaks,
 * whatever comes in between.
 */
#include "dial_help.h"
#include "dns_help.h"

#define MANY 5

static struct one {
	struct ev_io io;
	struct dial *dial;		/* NULL: it has ended, or was taken back */
	struct target *target;		/* held when it has ended */
	enum dial_result result;
	int events;			/* behind the end */
} many[MANY + 1];

static char spoke[16], ended[16];	/* who, in this order: "012" */
static int says;			/* what all return then, unless 0 and they are refused */

/* What is done while one of them speaks, or is told of its end. */
static struct cue {
	int who;
	void (*act)(void);		/* NULL: nothing */
} at_speech, at_end;

static int
set_up_turns(void **state)
{
	queries = 0;
	at_once = NULL;
	memset(many, 0, sizeof(many));
	for (int i = 0; i <= MANY; i++)
		many[i].io.fd = -1;
	spoke[0] = ended[0] = '\0';
	says = 0;
	at_speech.act = at_end.act = NULL;
	return set_up_dial(state);
}

static void
close_all(void)
{
	for (int i = 0; i <= MANY; i++) {
		if (many[i].io.fd != -1)
			close(many[i].io.fd);
		if (many[i].target != NULL)
			target_release(many[i].target);
		many[i].io.fd = -1;
		many[i].target = NULL;
	}
}

static int
tear_down_turns(void **state)
{
	close_all();
	return tear_down_dial(state);
}

#define turns_test(f) cmocka_unit_test_setup_teardown(f, set_up_turns, tear_down_turns)

/* Add to a list of those who did something, and act when it is time. */
static void
note(char list[static 16], const struct one *o, struct cue *cue)
{
	int who = (int)(o - many);
	void (*act)(void) = cue->act;

	sprintf(list + strlen(list), "%d", who);
	if (act == NULL || cue->who != who)
		return;
	cue->act = NULL;
	act();
}

static void
on_one(struct ev_io *changed, unsigned events)
{
	struct one *o = EV_CONTAINER(changed, struct one, io);

	if (o->dial != NULL)
		dial_on_io(o->dial, events);
	else
		o->events++;
}

/* As a write would: nothing is wrong, or nobody listens there. */
static int
on_one_early(void *arg, const struct target *t)
{
	struct one *o = arg;

	(void)t;
	note(spoke, o, &at_speech);
	await(o->io.fd, POLLOUT);
	return says != 0 ? says : sock_error(o->io.fd);
}

static void
on_one_done(void *arg, enum dial_result r, struct target *t, unsigned events)
{
	struct one *o = arg;

	assert_non_null(o->dial);
	o->dial = NULL;
	o->target = t;
	o->result = r;
	assert_int_equal(events & EV_WRITE, r == DIAL_OK && says != 0 ? EV_WRITE : 0);
	note(ended, o, &at_end);
}

static void
start_one(int i, const char *targets)
{
	static const struct dial_ops one_ops = { .done = on_one_done, .early = on_one_early };
	const struct endpoint src = { .family = AF_INET };
	struct one *o = &many[i];

	*o = (struct one){ .io = { -1, on_one } };
	o->dial = dial_start(dialer, slice_str(targets), BALANCE_FIRST, &src, false,
	    &o->io, &one_ops, o);
	assert_non_null(o->dial);
}

static void
take_back(int i)
{
	dial_cancel(many[i].dial);
	many[i].dial = NULL;
}

static bool
all_ended(void)
{
	for (int i = 0; i <= MANY; i++)
		if (many[i].dial != NULL)
			return false;
	return true;
}

/* It has ended with a connection to p, and is told once when something comes. */
static void
expect_watched(int i, const struct place *p)
{
	struct endpoint peer;
	int fd;

	assert_null(many[i].dial);
	assert_int_equal(many[i].result, DIAL_OK);
	assert_int_equal(sock_accept(p->lfd, &fd, &peer), SOCK_ACCEPTED);
	run_turn();
	many[i].events = 0;
	assert_int_equal(write(fd, "x", 1), 1);
	run_turn();
	assert_int_equal(many[i].events, 1);
	run_turn();
	assert_int_equal(many[i].events, 1);	/* edges */
	close(fd);
}

/* And the places close. */
static void
expect_all_watched(struct place *p, int n)
{
	for (int i = 0; i < n; i++)
		expect_watched(i, &p[i]);
	close_places(p, (size_t)n);
}

/* ---- all at once ---- */

static void
all_have_connected(void)
{
	for (int i = 0; i < MANY; i++)
		assert_int_not_equal(many[i].io.fd, -1);
}

static void
all_of_a_turn_connect_before_any_speaks(void **state)
{
	struct place p[MANY];

	(void)state;
	make_places(p, MANY);
	for (int i = 0; i < MANY; i++)
		start_one(i, p[i].text);
	at_speech = (struct cue){ 0, all_have_connected };
	run_turn();
	assert_string_equal(spoke, "01234");
	assert_string_equal(ended, "01234");
	expect_all_watched(p, MANY);
}

/* ---- one is taken back, one is started ---- */

static struct place meeting;
static int taken;

static void
one_leaves_and_one_comes(void)
{
	all_have_connected();
	take_back(taken);
	start_one(MANY, meeting.text);
}

static void
who_speaks_may_take_back_another_and_start_one(void **state)
{
	static const char *const others[] = { "", "0234", "0134", "0124", "0123" };
	char all[16];

	(void)state;
	meeting = place_at("127.0.0.1", 0);
	for (taken = 1; taken < MANY; taken++) {
		spoke[0] = ended[0] = '\0';
		for (int i = 0; i < MANY; i++)
			start_one(i, meeting.text);
		at_speech = (struct cue){ 0, one_leaves_and_one_comes };
		run_turn();
		/* the turn of who was started comes */
		assert_string_equal(spoke, others[taken]);
		assert_string_equal(ended, others[taken]);
		assert_int_equal(many[taken].io.fd, -1);
		visitors(&meeting);
		run_until(all_ended);
		snprintf(all, sizeof(all), "%s5", others[taken]);
		assert_string_equal(spoke, all);
		assert_string_equal(ended, all);
		expect_watched(MANY, &meeting);
		close_all();
	}
	leaves(&meeting);
}

/* ---- names ---- */

/* A new answer for who has waited since an earlier turn, while others connect. */
static void
who_waits_for_a_name_goes_on_though_others_begin(void **state)
{
	struct place p[2];

	(void)state;
	make_places(p, 2);
	start_one(0, named(&p[0], "slow.example"));
	run_turn();
	dialer_reload(dialer);
	at_once = "127.0.0.1";
	start_one(1, named(&p[1], "quick.example"));
	run_until(all_ended);
	assert_string_equal(spoke, "01");
	expect_all_watched(p, 2);
}

/* 0 and 2 have addresses at once, 1 and 3 get theirs behind a question. */
static void
start_four(struct place p[static 4])
{
	make_places(p, 4);
	start_one(0, p[0].text);
	start_one(1, named(&p[1], "one.example"));
	start_one(2, p[2].text);
	start_one(3, named(&p[3], "three.example"));
}

/* The last one first. */
static void
both_are_answered(void)
{
	dns_answers(1, "127.0.0.1", 60);
	dns_answers(0, "127.0.0.1", 60);
	assert_int_not_equal(many[1].io.fd, -1);
	assert_int_not_equal(many[3].io.fd, -1);
	assert_string_equal(spoke, "0");
}

static void
who_gets_an_address_while_another_speaks_awaits_its_turn(void **state)
{
	struct place p[4];

	(void)state;
	start_four(p);
	at_speech = (struct cue){ 0, both_are_answered };
	run_turn();
	assert_string_equal(spoke, "0123");
	assert_string_equal(ended, "0123");
	expect_all_watched(p, 4);
}

static void
who_gets_an_address_while_another_is_told_awaits_its_turn(void **state)
{
	struct place p[4];

	(void)state;
	start_four(p);
	at_end = (struct cue){ 0, both_are_answered };
	run_turn();
	assert_string_equal(spoke, "0123");
	assert_string_equal(ended, "0123");
	expect_all_watched(p, 4);
}

static void
so_it_does_when_nobody_can_speak_yet(void **state)
{
	struct place p[4];

	(void)state;
	start_four(p);
	says = EAGAIN;
	at_speech = (struct cue){ 0, both_are_answered };
	run_turn();
	assert_string_equal(spoke, "0123");
	assert_string_equal(ended, "");
	run_until(all_ended);
	expect_all_watched(p, 4);
}

static void
the_first_is_answered(void)
{
	dns_answers(0, "127.0.0.1", 60);
	assert_string_equal(spoke, "10");
}

static void
who_gets_an_address_behind_its_turn_speaks_at_once(void **state)
{
	struct place p[3];

	(void)state;
	make_places(p, 3);
	start_one(0, named(&p[0], "late.example"));
	start_one(1, p[1].text);
	start_one(2, p[2].text);
	at_speech = (struct cue){ 1, the_first_is_answered };
	run_turn();
	assert_string_equal(spoke, "102");
	run_until(all_ended);
	expect_all_watched(p, 3);
}

/* Nobody is at the first. */
static void
both_get_two_addresses(void)
{
	dns_answers(1, "127.0.0.2 127.0.0.1", 60);
	dns_answers(0, "127.0.0.2 127.0.0.1", 60);
	assert_string_equal(spoke, "0");
}

static void
who_is_refused_in_its_turn_speaks_to_the_next_address_at_once(void **state)
{
	struct place p[4];

	(void)state;
	start_four(p);
	at_speech = (struct cue){ 0, both_get_two_addresses };
	run_turn();
	assert_string_equal(spoke, "011233");
	assert_string_equal(ended, "0123");
	expect_all_watched(p, 4);
}

static void
names_are_not_found(void)
{
	dns_fails(1);
	dns_fails(0);
	assert_string_equal(ended, "");
	assert_int_equal(many[1].io.fd, -1);
	assert_int_not_equal(many[2].io.fd, -1);	/* its next target */
	assert_string_equal(spoke, "0");
}

static void
who_fails_while_another_speaks_is_told_in_its_turn(void **state)
{
	struct place p[2];
	char targets[128];

	(void)state;
	make_places(p, 2);
	snprintf(targets, sizeof(targets), "lost.example:2,unix:/nowhere/at/all,%s", p[1].text);
	start_one(0, p[0].text);
	start_one(1, "none.example:1");
	start_one(2, targets);
	at_speech = (struct cue){ 0, names_are_not_found };
	run_turn();
	assert_string_equal(spoke, "02");
	assert_string_equal(ended, "012");
	assert_int_equal(many[1].result, DIAL_UNREACHABLE);
	expect_watched(0, &p[0]);
	expect_watched(2, &p[1]);
	close_places(p, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		turns_test(all_of_a_turn_connect_before_any_speaks),
		turns_test(who_speaks_may_take_back_another_and_start_one),
		turns_test(who_waits_for_a_name_goes_on_though_others_begin),
		turns_test(who_gets_an_address_while_another_speaks_awaits_its_turn),
		turns_test(who_gets_an_address_while_another_is_told_awaits_its_turn),
		turns_test(so_it_does_when_nobody_can_speak_yet),
		turns_test(who_gets_an_address_behind_its_turn_speaks_at_once),
		turns_test(who_is_refused_in_its_turn_speaks_to_the_next_address_at_once),
		turns_test(who_fails_while_another_speaks_is_told_in_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
