/* SPDX-License-Identifier: ISC */
/* Tests of lib/dial.c: balance, failover, hold-off, names, and giving up in every state. */
#include <netinet/in.h>
#include <sys/resource.h>

#include "dial.h"
#include "dns_help.h"
#include "log.h"

#define TIMEOUT_MS 2000

static struct dialer *dialer;
static struct ev_io io;
static struct dial *under_way;
static enum dial_result result;
static struct target *target;	/* held when done */
static unsigned first_events;
static int dones, watched_events;

static void
on_io(struct ev_io *changed, unsigned events)
{
	assert_ptr_equal(changed, &io);
	if (under_way != NULL)
		dial_on_io(under_way, events);
	else
		watched_events++;
}

static void
on_done(void *arg, enum dial_result r, struct target *t, unsigned events)
{
	assert_ptr_equal(arg, &dones);
	assert_non_null(under_way);	/* so not from inside dial_start() */
	under_way = NULL;
	result = r;
	target = t;
	first_events = events;
	dones++;
}

static struct dial_ops ops = { .done = on_done };

static int
setup(void **state)
{
	make_loop(state);
	make_dir();
	log_init("test", LOG_LEVEL_ERROR, false);
	queries = 0;
	at_once = NULL;
	ops.early = NULL;
	dones = watched_events = 0;
	under_way = NULL;
	io = (struct ev_io){ -1, on_io };
	dialer = dialer_new(loop, TIMEOUT_MS);
	return dialer == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	dialer_free(dialer);
	remove_dir();
	return free_loop(state);
}

#define dial_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static bool
is_done(void)
{
	return under_way == NULL;
}

/* In the turn that comes. */
static void
begin_later(const char *src, const char *targets, enum routes_balance balance)
{
	char *copy = malloc(strlen(targets));	/* exact size, and gone when it is done */
	struct endpoint e;

	memcpy(copy, targets, strlen(targets));
	assert_true(endpoint_parse_ip(slice_str(src), &e));
	ev_refresh(loop);
	under_way = dial_start(dialer, slice_of(copy, strlen(targets)), balance, &e, false, &io, &ops, &dones);
	assert_non_null(under_way);
	assert_int_equal(dones, 0);
	free(copy);
}

static void
begin_from(const char *src, const char *targets, enum routes_balance balance)
{
	begin_later(src, targets, balance);
	run_turn();
}

static void
begin(const char *targets)
{
	begin_from("192.0.2.1", targets, BALANCE_FIRST);
}

/* Wait for the end; true when text is the target that was reached (or, with NULL, when none was). */
static bool
ends_at(const char *text)
{
	bool right;

	run_until(is_done);
	assert_int_equal(dones, 1);
	dones = 0;
	if (text == NULL) {
		right = result == DIAL_UNREACHABLE;
		assert_int_equal(io.fd, -1);
	} else {
		right = result == DIAL_OK && strcmp(target_text(target), text) == 0;
	}
	return right;
}

static void
hang_up(void)
{
	if (io.fd != -1)
		close(io.fd);
	io.fd = -1;
	target_release(dialer, target);
}

static bool
dial_reaches(const char *targets, const char *text)
{
	bool right;

	begin(targets);
	right = ends_at(text);
	hang_up();
	return right;
}

static void
expect_connected(void)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	assert_int_equal(getpeername(io.fd, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(sock_error(io.fd), 0);
	assert_true(first_events & EV_WRITE);
}

/* ---- places to dial ---- */

struct place {
	int lfd;		/* -1: nobody listens */
	char text[64];
};

static struct place
place_on(const char *ip)
{
	struct place p;
	struct endpoint e;

	snprintf(p.text, sizeof(p.text), "%s:0", ip);
	p.lfd = listen_on(p.text);
	sock_local(p.lfd, &e);
	snprintf(p.text, sizeof(p.text), "%s:%u", ip, e.port);
	return p;
}

/* Its port stays ours as long as nobody else wants it. */
static void
leaves(struct place *p)
{
	close(p->lfd);
	p->lfd = -1;
}

static void
comes_back(struct place *p)
{
	p->lfd = listen_on(p->text);
}

static int
visitors(const struct place *p)
{
	struct endpoint peer;
	int n = 0, fd;

	while (sock_accept(p->lfd, &fd, &peer) == SOCK_ACCEPTED) {
		close(fd);
		n++;
	}
	return n;
}

/* One that lets nobody in: its backlog is full, so SYNs are dropped. */
static struct place
deaf_place(int filler[2])
{
	struct place p = place_on("127.0.0.1");
	struct addr a = address(p.text, 0);
	struct sockaddr_storage sa;
	socklen_t len = addr_sockaddr(&a, &sa);

	assert_int_equal(listen(p.lfd, 0), 0);
	for (int i = 0; i < 2; i++)
		sock_connect(&sa, len, false, &filler[i]);
	await(filler[0], POLLOUT);
	return p;
}

static const char *
list(const struct place *p, size_t n)
{
	static char text[512];

	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s%s", i == 0 ? "" : ",", p[i].text);
	return text;
}

static void
make_places(struct place *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = place_on("127.0.0.1");
}

static void
close_places(struct place *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i].lfd != -1)
			close(p[i].lfd);
}

/* ---- what may be written early ---- */

static int early_says, earlies;

static int
on_early(void *arg)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	assert_ptr_equal(arg, &dones);
	earlies++;
	if (early_says == 0)
		assert_int_equal(getpeername(io.fd, (struct sockaddr *)&sa, &len), 0);	/* connected, on this machine */
	return early_says;
}

static void
begin_early(const char *targets, int says)
{
	ops.early = on_early;
	early_says = says;
	earlies = 0;
	begin(targets);
}

static void
who_could_write_early_is_done_without_an_event(void **state)
{
	struct place p = place_on("127.0.0.1");

	(void)state;
	begin_early(p.text, 0);
	assert_true(ends_at(p.text));
	assert_int_equal(first_events, 0);
	assert_int_equal(earlies, 1);
	watched_events = 0;
	run_turn();
	assert_int_equal(watched_events, 0);	/* not watched for room */
	hang_up();
	close(p.lfd);
}

static void
who_could_not_waits_for_the_connection(void **state)
{
	struct place p = place_on("127.0.0.1");

	(void)state;
	begin_early(p.text, EAGAIN);
	assert_true(ends_at(p.text));
	assert_int_equal(earlies, 1);
	assert_true((first_events & EV_WRITE) != 0);
	hang_up();
	close(p.lfd);
}

static void
an_early_failure_is_a_failure_of_the_target(void **state)
{
	struct place p[2];

	(void)state;
	make_places(p, 2);
	begin_early(list(p, 2), ECONNREFUSED);
	assert_true(ends_at(NULL));
	assert_int_equal(earlies, 2);
	hang_up();
	close_places(p, 2);
}

#define MANY 5

static struct one {
	struct ev_io io;
	struct dial *dial;
	bool done;
} many[MANY + 1];

static const struct dial_ops many_ops;
static const char *many_target;
static int many_early, unconnected;	/* how many spoke, and saw others that had not begun to connect */
static int cancels;			/* the first to speak takes this one back, 0: none */

static void
on_many_io(struct ev_io *changed, unsigned events)
{
	struct one *o = EV_CONTAINER(changed, struct one, io);

	if (!o->done)
		dial_on_io(o->dial, events);
}

static void
start_one(struct one *o)
{
	const struct endpoint src = { .family = AF_INET };

	*o = (struct one){ .io = { -1, on_many_io } };
	o->dial = dial_start(dialer, slice_str(many_target), BALANCE_FIRST, &src, false, &o->io, &many_ops, o);
	assert_non_null(o->dial);
}

static int
on_many_early(void *arg)
{
	struct one *o = arg;

	many_early++;
	for (int i = 0; i < MANY; i++)
		unconnected += many[i].io.fd == -1 && !many[i].done && (i != cancels || o == &many[0]);
	if (o == &many[0] && cancels > 0) {
		dial_cancel(many[cancels].dial);
		start_one(&many[MANY]);
	}
	return 0;
}

static void
on_many_done(void *arg, enum dial_result r, struct target *t, unsigned events)
{
	struct one *o = arg;

	(void)events;
	assert_int_equal(r, DIAL_OK);
	assert_false(o->done);
	o->done = true;
	close(o->io.fd);
	o->io.fd = -1;
	target_release(dialer, t);
}

static const struct dial_ops many_ops = { .done = on_many_done, .early = on_many_early };

static void
start_many(const char *to, int taken_back)
{
	many_target = to;
	many_early = unconnected = 0;
	cancels = taken_back;
	many[MANY].done = false;
	for (int i = 0; i < MANY; i++)
		start_one(&many[i]);
}

static void
all_of_a_turn_connect_before_any_speaks(void **state)
{
	struct place p = place_on("127.0.0.1");

	(void)state;
	start_many(p.text, 0);
	run_turn();
	assert_int_equal(many_early, MANY);
	assert_int_equal(unconnected, 0);
	for (int i = 0; i < MANY; i++)
		assert_true(many[i].done);
	close(p.lfd);
}

static bool
last_is_done(void)
{
	return many[MANY].done;
}

static void
who_speaks_may_take_back_another_and_start_one(void **state)
{
	struct place p = place_on("127.0.0.1");

	(void)state;
	for (int taken = 1; taken < MANY; taken++) {
		start_many(p.text, taken);
		run_turn();
		assert_false(last_is_done());	/* its turn comes */
		run_until(last_is_done);
		for (int i = 0; i < MANY; i++)
			assert_int_equal(many[i].done, i != taken);
		assert_int_equal(many_early, MANY);
	}
	close(p.lfd);
}

/* A new answer for who has waited since an earlier turn, while others connect. */
static void
who_waits_for_a_name_goes_on_though_others_begin(void **state)
{
	struct place p = place_on("127.0.0.1");
	char slow[64], quick[64];

	(void)state;
	snprintf(slow, sizeof(slow), "slow.example%s", strrchr(p.text, ':'));
	snprintf(quick, sizeof(quick), "quick.example%s", strrchr(p.text, ':'));
	cancels = 0;
	many[MANY].done = false;
	many_target = slow;
	start_one(&many[0]);
	run_turn();
	dialer_reload(dialer);
	at_once = "127.0.0.1";
	many_target = quick;
	start_one(&many[MANY]);
	run_until(last_is_done);
	run_turn();
	assert_true(many[0].done);
	close(p.lfd);
}

/* ---- one target ---- */

static void
a_target_is_connected_and_its_socket_watched(void **state)
{
	struct place p = place_on("127.0.0.1");
	struct endpoint peer;
	int fd;

	(void)state;
	begin(p.text);
	assert_true(ends_at(p.text));
	expect_connected();
	assert_false(target_is_pass(target));
	assert_int_equal(sock_accept(p.lfd, &fd, &peer), SOCK_ACCEPTED);
	run_turn();
	watched_events = 0;
	assert_int_equal(write(fd, "x", 1), 1);
	run_turn();
	assert_int_equal(watched_events, 1);
	run_turn();
	assert_int_equal(watched_events, 1);	/* edges */
	hang_up();
	close(fd);
	close(p.lfd);
}

static void
unix_and_pass_targets_are_connected_too(void **state)
{
	char text[128], pass[128];
	int lfd;

	(void)state;
	snprintf(text, sizeof(text), "unix:%s", in_dir("sock"));
	snprintf(pass, sizeof(pass), "pass:%s", in_dir("sock"));
	assert_true(dial_reaches(text, NULL));
	lfd = listen_on(text);
	begin(text);
	assert_true(ends_at(text));
	expect_connected();
	assert_false(target_is_pass(target));
	hang_up();
	begin(pass);
	assert_true(ends_at(pass));
	expect_connected();
	assert_true(target_is_pass(target));
	hang_up();
	close(lfd);
}

static void
nobody_there_is_unreachable(void **state)
{
	struct place p = place_on("127.0.0.1");
	int before;

	(void)state;
	leaves(&p);
	before = open_fds();
	begin(p.text);
	assert_true(ends_at(NULL));
	assert_string_equal(target_text(target), p.text);
	hang_up();
	assert_int_equal(open_fds(), before);
}

/* ---- failover ---- */

static void
the_next_target_is_tried_within_the_same_dial(void **state)
{
	struct place p[3];

	(void)state;
	make_places(p, 3);
	leaves(&p[0]);
	leaves(&p[1]);
	assert_true(dial_reaches(list(p, 3), p[2].text));
	assert_int_equal(visitors(&p[2]), 1);
	leaves(&p[2]);
	begin(list(p, 3));
	assert_true(ends_at(NULL));
	assert_string_equal(target_text(target), p[1].text);	/* not held off, or not for long: p[2] comes first */
	hang_up();
}

static void
a_target_that_failed_is_held_off_for_a_second(void **state)
{
	struct place p[2];

	(void)state;
	make_places(p, 2);
	leaves(&p[0]);
	assert_true(dial_reaches(list(p, 2), p[1].text));
	comes_back(&p[0]);
	skip_ms(900);
	assert_true(dial_reaches(list(p, 2), p[1].text));
	assert_int_equal(visitors(&p[0]), 0);
	skip_ms(101);
	assert_true(dial_reaches(list(p, 2), p[0].text));
	close_places(p, 2);
}

static void
a_held_off_target_is_tried_when_there_is_no_other(void **state)
{
	struct place p[2];

	(void)state;
	make_places(p, 2);
	leaves(&p[0]);
	leaves(&p[1]);
	assert_true(dial_reaches(list(p, 2), NULL));
	comes_back(&p[1]);
	assert_true(dial_reaches(list(p, 2), p[1].text));
	close_places(p, 2);
}

/* Fail over and over, each time when the hold-off has just run out; returns what was logged. */
static const char *
fail_often(const char *targets, int times)
{
	catch_stderr();
	log_init("test", LOG_LEVEL_INFO, false);
	for (int i = 0; i < times; i++) {
		begin(targets);
		run_until(is_done);
		dones = 0;
		hang_up();
		begin(targets);		/* fails too, and makes nothing worse */
		run_until(is_done);
		dones = 0;
		hang_up();
		skip_ms(30000);
	}
	log_init("test", LOG_LEVEL_ERROR, false);
	return caught_stderr();
}

static void
the_hold_off_doubles_to_thirty_seconds_and_ends_with_a_success(void **state)
{
	static const int want[] = { 1, 2, 4, 8, 16, 30, 30 };
	struct place p = place_on("127.0.0.1");
	const char *got;
	int seconds;

	(void)state;
	leaves(&p);
	got = fail_often(p.text, 7);
	for (int i = 0; i < 7; i++) {
		got = strstr(got, "held off for ");
		assert_non_null(got);
		assert_int_equal(sscanf(got, "held off for %d s\n", &seconds), 1);
		assert_int_equal(seconds, want[i]);
		got++;
	}
	assert_null(strstr(got, "held off for "));
	comes_back(&p);
	assert_true(dial_reaches(p.text, p.text));
	leaves(&p);
	got = fail_often(p.text, 1);
	assert_non_null(strstr(got, "held off for 1 s\n"));
}

static void
a_target_that_does_not_answer_is_left_at_the_deadline(void **state)
{
	struct place p[2];
	int filler[2];

	(void)state;
	p[0] = deaf_place(filler);
	p[1] = place_on("127.0.0.1");
	begin(list(p, 2));
	for (int i = 0; i < 10; i++)
		run_turn();
	assert_int_equal(dones, 0);
	skip_ms(TIMEOUT_MS - 500);
	run_turn();
	assert_int_equal(dones, 0);
	skip_ms(501);
	assert_true(ends_at(p[1].text));
	expect_connected();
	hang_up();
	close_places(p, 2);
	close(filler[0]);
	close(filler[1]);
}

/* ---- balance ---- */

static void
the_target_with_the_least_connections_is_taken_ties_in_order(void **state)
{
	struct place p[3];
	struct target *held[9];
	int fd[9];

	(void)state;
	make_places(p, 3);
	for (int i = 0; i < 9; i++) {
		begin_from("192.0.2.1", list(p, 3), BALANCE_LEAST);
		assert_true(ends_at(p[i % 3].text));
		held[i] = target;
		fd[i] = io.fd;
		io.fd = -1;
	}
	target_release(dialer, held[4]);	/* one less at the second */
	begin_from("192.0.2.1", list(p, 3), BALANCE_LEAST);
	assert_true(ends_at(p[1].text));
	held[4] = target;
	close(fd[4]);
	fd[4] = io.fd;
	io.fd = -1;
	begin_from("192.0.2.1", p[2].text, BALANCE_LEAST);	/* another list counts as well */
	assert_true(ends_at(p[2].text));
	hang_up();
	for (int i = 0; i < 9; i++) {
		target_release(dialer, held[i]);
		close(fd[i]);
	}
	close_places(p, 3);
}

static void
nothing_done(void *arg, enum dial_result r, struct target *t, unsigned events)
{
	(void)arg;
	(void)r;
	(void)t;
	(void)events;
}

static void
an_attempt_under_way_counts_for_least(void **state)
{
	const struct endpoint src = { .family = AF_UNSPEC };
	struct ev_io busy = { -1, NULL };
	struct dial *first;
	struct place p[2];

	(void)state;
	make_places(p, 2);
	first = dial_start(dialer, slice_str(list(p, 2)), BALANCE_LEAST, &src, false, &busy, &(const struct dial_ops){ .done = nothing_done }, NULL);
	begin_from("192.0.2.1", list(p, 2), BALANCE_LEAST);
	dial_cancel(first);
	assert_true(ends_at(p[1].text));
	hang_up();
	begin_from("192.0.2.1", list(p, 2), BALANCE_LEAST);	/* what was given up counts no more */
	assert_true(ends_at(p[0].text));
	hang_up();
	close_places(p, 2);
}

static void
with_first_the_order_is_that_of_the_line(void **state)
{
	struct place p[2];
	struct target *held[3];
	int fd[3];

	(void)state;
	make_places(p, 2);
	for (int i = 0; i < 3; i++) {
		begin(list(p, 2));
		assert_true(ends_at(p[0].text));
		held[i] = target;
		fd[i] = io.fd;
		io.fd = -1;
	}
	for (int i = 0; i < 3; i++) {
		target_release(dialer, held[i]);
		close(fd[i]);
	}
	close_places(p, 2);
}

static int
place_of_source(int host, const char *targets, const struct place *p, size_t n)
{
	char src[32];

	snprintf(src, sizeof(src), "192.0.2.%d", host);
	begin_from(src, targets, BALANCE_SOURCE);
	run_until(is_done);
	dones = 0;
	assert_int_equal(result, DIAL_OK);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(target_text(target), p[i].text) == 0) {
			hang_up();
			visitors(&p[i]);
			return (int)i;
		}
	}
	fail();
	return -1;
}

static void
a_source_keeps_its_target_whatever_comes_and_goes_beside_it(void **state)
{
	enum { SOURCES = 40 };
	struct place p[4];
	int first[SOURCES], share[4] = { 0 }, moved = 0;

	(void)state;
	make_places(p, 4);
	for (int i = 0; i < SOURCES; i++) {
		first[i] = place_of_source(i, list(p, 3), p, 3);
		share[first[i]]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(share[i], SOURCES / 10, SOURCES);
	for (int i = 0; i < SOURCES; i++)
		assert_int_equal(place_of_source(i, list(p, 3), p, 3), first[i]);
	for (int i = 0; i < SOURCES; i++) {
		int now = place_of_source(i, list(p, 4), p, 4);

		assert_true(now == first[i] || now == 3);
		moved += now == 3;
	}
	assert_in_range(moved, 1, SOURCES / 2);
	close_places(p, 4);
}

/* ---- names ---- */

static const char *
named(const struct place *p, const char *name)
{
	static char text[4][128];
	static unsigned next;
	char *out = text[next++ % 4];

	snprintf(out, sizeof(text[0]), "%s%s", name, strrchr(p->text, ':'));
	return out;
}

static void
each_address_of_a_name_is_tried(void **state)
{
	struct place p = place_on("127.0.0.3");
	const char *text = named(&p, "www.example");

	(void)state;
	begin(text);
	assert_int_equal(queries, 1);
	run_turn();
	dns_answers(0, "127.0.0.1 127.0.0.2 127.0.0.3", 60);
	assert_true(ends_at(text));
	expect_connected();
	hang_up();
	assert_int_equal(visitors(&p), 1);
	close(p.lfd);
}

static void
the_address_that_worked_last_is_tried_first(void **state)
{
	struct place good = place_on("127.0.0.3"), other;
	const char *text = named(&good, "www.example");

	(void)state;
	at_once = "127.0.0.2 127.0.0.3";
	assert_true(dial_reaches(text, text));
	assert_int_equal(visitors(&good), 1);
	snprintf(other.text, sizeof(other.text), "127.0.0.2%s", strrchr(good.text, ':'));
	comes_back(&other);
	assert_true(dial_reaches(text, text));
	assert_int_equal(visitors(&good), 1);
	leaves(&good);
	assert_true(dial_reaches(text, text));
	assert_int_equal(visitors(&other), 1);
	leaves(&other);
}

static void
a_name_without_an_address_is_a_target_that_fails(void **state)
{
	struct place p = place_on("127.0.0.1");
	char targets[256];

	(void)state;
	snprintf(targets, sizeof(targets), "nowhere.example:1,nowhere.example:2,%s", p.text);
	begin(targets);
	dns_fails(0);
	if (queries > 1 && query[1].waits)
		dns_fails(1);
	assert_true(ends_at(p.text));
	hang_up();
	begin("nowhere.example:1");	/* known to have none, for a second */
	assert_true(ends_at(NULL));
	hang_up();
	close(p.lfd);
}

static void
a_name_that_is_answered_at_once_and_refused_fails_over(void **state)
{
	struct place dead = place_on("127.0.0.1"), p = place_on("127.0.0.1");
	char targets[256];

	(void)state;
	leaves(&dead);
	at_once = "127.0.0.1";
	snprintf(targets, sizeof(targets), "%s,%s", named(&dead, "a.example"), named(&p, "b.example"));
	assert_true(dial_reaches(targets, named(&p, "b.example")));
	leaves(&p);
	assert_true(dial_reaches(targets, NULL));
}

static void
dns_that_does_not_answer_is_left_at_the_deadline(void **state)
{
	struct place p = place_on("127.0.0.1");
	char targets[256];

	(void)state;
	snprintf(targets, sizeof(targets), "slow.example:1,%s", p.text);
	begin(targets);
	run_turn();
	skip_ms(TIMEOUT_MS + 1);
	assert_true(ends_at(p.text));
	dns_answers(0, "127.0.0.1", 60);	/* too late, and nobody waits any more */
	hang_up();
	close(p.lfd);
}

static void
an_answer_that_comes_too_late_disturbs_nothing(void **state)
{
	struct place deaf;
	char targets[256];
	int filler[2], fd, before;

	(void)state;
	deaf = deaf_place(filler);
	snprintf(targets, sizeof(targets), "slow.example:1,%s", deaf.text);
	begin(targets);
	skip_ms(TIMEOUT_MS + 1);
	run_turn();
	fd = io.fd;
	assert_int_not_equal(fd, -1);		/* connecting to the second */
	before = open_fds();
	dns_answers(0, "127.0.0.1 127.0.0.2", 60);
	run_turn();
	assert_int_equal(io.fd, fd);
	assert_int_equal(open_fds(), before);
	skip_ms(TIMEOUT_MS + 1);
	assert_true(ends_at(NULL));
	hang_up();
	close(deaf.lfd);
	close(filler[0]);
	close(filler[1]);
}

/* ---- giving up ---- */

static void
a_dial_may_be_cancelled_in_every_state(void **state)
{
	struct place p = place_on("127.0.0.1"), deaf;
	int filler[2], before;

	(void)state;
	deaf = deaf_place(filler);
	before = open_fds();
	dial_cancel(NULL);

	begin("slow.example:1");		/* resolving */
	run_turn();
	dial_cancel(under_way);
	dns_answers(0, "127.0.0.1", 60);

	begin(deaf.text);			/* connecting */
	run_turn();
	assert_int_not_equal(io.fd, -1);
	dial_cancel(under_way);
	assert_int_equal(io.fd, -1);

	begin_later("192.0.2.1", p.text, BALANCE_FIRST);
	assert_int_equal(io.fd, -1);
	dial_cancel(under_way);

	begin(p.text);				/* connected, but not told yet */
	dial_on_io(under_way, EV_WRITE);
	assert_int_not_equal(io.fd, -1);
	dial_cancel(under_way);
	assert_int_equal(io.fd, -1);

	begin(p.text);				/* failed, but not told yet */
	dial_on_io(under_way, EV_ERROR);
	assert_int_equal(io.fd, -1);
	dial_cancel(under_way);

	skip_ms(TIMEOUT_MS * 2);
	for (int i = 0; i < 5; i++)
		run_turn();
	assert_int_equal(dones, 0);
	assert_int_equal(open_fds(), before);
	close(p.lfd);
	close(deaf.lfd);
	close(filler[0]);
	close(filler[1]);
}

static void
running_out_of_descriptors_is_not_the_targets_fault(void **state)
{
	struct place p = place_on("127.0.0.1");
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
	run_until(is_done);
	dones = 0;
	assert_int_equal(result, DIAL_NO_FDS);
	assert_int_equal(io.fd, -1);
	hang_up();
	assert_true(dial_reaches(p.text, p.text));
	close(p.lfd);
}

static void
what_is_known_of_many_targets_is_found_again(void **state)
{
	enum { N = 300 };
	char text[32];

	(void)state;
	for (int i = 0; i < N; i++) {
		snprintf(text, sizeof(text), "unix:/nowhere/%d", i);
		assert_true(dial_reaches(text, NULL));
	}
	int lfd;
	char up[128], targets[256];

	snprintf(up, sizeof(up), "unix:%s", in_dir("up"));
	lfd = listen_on(up);
	for (int i = 0; i < N; i++) {
		snprintf(targets, sizeof(targets), "unix:/nowhere/%d,%s", i, up);
		catch_stderr();
		log_init("test", LOG_LEVEL_INFO, false);
		bool right = dial_reaches(targets, up);

		log_init("test", LOG_LEVEL_ERROR, false);
		assert_string_equal(caught_stderr(), "");	/* held off: not even tried */
		assert_true(right);
	}
	close(lfd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		dial_test(who_could_write_early_is_done_without_an_event),
		dial_test(who_could_not_waits_for_the_connection),
		dial_test(an_early_failure_is_a_failure_of_the_target),
		dial_test(all_of_a_turn_connect_before_any_speaks),
		dial_test(who_speaks_may_take_back_another_and_start_one),
		dial_test(who_waits_for_a_name_goes_on_though_others_begin),
		dial_test(a_target_is_connected_and_its_socket_watched),
		dial_test(unix_and_pass_targets_are_connected_too),
		dial_test(nobody_there_is_unreachable),
		dial_test(the_next_target_is_tried_within_the_same_dial),
		dial_test(a_target_that_failed_is_held_off_for_a_second),
		dial_test(a_held_off_target_is_tried_when_there_is_no_other),
		dial_test(the_hold_off_doubles_to_thirty_seconds_and_ends_with_a_success),
		dial_test(a_target_that_does_not_answer_is_left_at_the_deadline),
		dial_test(the_target_with_the_least_connections_is_taken_ties_in_order),
		dial_test(an_attempt_under_way_counts_for_least),
		dial_test(with_first_the_order_is_that_of_the_line),
		dial_test(a_source_keeps_its_target_whatever_comes_and_goes_beside_it),
		dial_test(each_address_of_a_name_is_tried),
		dial_test(the_address_that_worked_last_is_tried_first),
		dial_test(a_name_without_an_address_is_a_target_that_fails),
		dial_test(a_name_that_is_answered_at_once_and_refused_fails_over),
		dial_test(dns_that_does_not_answer_is_left_at_the_deadline),
		dial_test(an_answer_that_comes_too_late_disturbs_nothing),
		dial_test(a_dial_may_be_cancelled_in_every_state),
		dial_test(running_out_of_descriptors_is_not_the_targets_fault),
		dial_test(what_is_known_of_many_targets_is_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
