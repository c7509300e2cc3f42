/* SPDX-License-Identifier: ISC */
/* Tests of lib/dial.c: one target, reached and watched or not; giving up in every state. */
#include <sys/resource.h>

#include "dial_help.h"
#include "dns_help.h"

static int
set_up_names(void **state)
{
	queries = 0;
	at_once = NULL;
	return set_up_dial(state);
}

/* ---- memory the kernel has not: this definition stands before libc's ---- */

static int socket_error;	/* 0: none */

int
socket(int domain, int type, int protocol)
{
	if (socket_error == 0)
		return (int)syscall(SYS_socket, domain, type, protocol);
	errno = socket_error;
	return -1;
}

#define BUSY_GAP_MS 100		/* between two tries at most */

#define names_test(f) cmocka_unit_test_setup_teardown(f, set_up_names, tear_down_dial)

/* ---- one target ---- */

static void
a_target_is_connected_and_its_socket_watched(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
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
	leaves(&p);
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

/*
 * A socket in our directory, text, where listen(2) lets nobody else in,
 * with connections that fill its queue.
 */
static int
listen_busy(char text[static 128], int filler[2])
{
	struct sockaddr_storage sa;
	struct addr a;
	socklen_t len;
	int lfd;

	snprintf(text, 128, "unix:%s", in_dir("sock"));
	lfd = listen_on(text);
	assert_int_equal(listen(lfd, 0), 0);
	assert_int_equal(addr_parse(slice_str(text), 0, &a), ADDR_OK);
	len = addr_sockaddr(&a, &sa);
	assert_int_equal(sock_connect(&sa, len, false, &filler[0]), SOCK_CONNECTED);
	assert_int_equal(sock_connect(&sa, len, false, &filler[1]), SOCK_BUSY);
	return lfd;
}

static void
a_unix_target_with_a_full_queue_is_asked_again(void **state)
{
	struct endpoint peer;
	char text[128];
	int lfd, filler[2], fd;

	(void)state;
	lfd = listen_busy(text, filler);
	begin(text);
	run_turn();
	assert_int_equal(dones, 0);
	assert_int_equal(io.fd, -1);
	assert_int_equal(sock_accept(lfd, &fd, &peer), SOCK_ACCEPTED);
	skip_ms(TIMEOUT_MS - 1);
	assert_true(ends_at(text));
	expect_connected();
	hang_up();
	close(fd);
	close(filler[0]);
	close(lfd);
}

static void
one_whose_queue_stays_full_is_a_failure_at_last(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
	char text[128], list[256];
	int lfd, filler[2];

	(void)state;
	lfd = listen_busy(text, filler);
	snprintf(list, sizeof(list), "%s,%s", text, named(&p, "slow.example"));
	begin(list);
	skip_ms(TIMEOUT_MS / 2);
	run_due();
	assert_int_equal(dones, 0);
	assert_int_equal(queries, 0);
	skip_ms(TIMEOUT_MS / 2);
	run_due();
	skip_ms(BUSY_GAP_MS);
	run_due();
	assert_int_equal(queries, 1);		/* the next one's turn, which has its own time */
	skip_ms(TIMEOUT_MS - 2 * BUSY_GAP_MS);
	run_due();
	assert_int_equal(dones, 0);
	skip_ms(2 * BUSY_GAP_MS);
	assert_true(ends_at(NULL));
	assert_string_equal(target_text(target), named(&p, "slow.example"));
	hang_up();
	dns_answers(0, "127.0.0.1", 60);
	close(filler[0]);
	close(lfd);
	leaves(&p);
}

static void
after_one_with_a_full_queue_the_next_has_its_time_and_no_more(void **state)
{
	struct place deaf = place_at("127.0.0.1", 0);
	char text[128], list[256];
	int lfd, filler[2];

	(void)state;
	goes_deaf(&deaf);
	lfd = listen_busy(text, filler);
	snprintf(list, sizeof(list), "%s,%s", text, deaf.text);
	begin(list);
	run_turn();
	close(lfd);
	skip_ms(BUSY_GAP_MS);
	run_due();
	assert_int_equal(dones, 0);
	skip_ms(TIMEOUT_MS);
	assert_true(ends_at(NULL));
	assert_string_equal(target_text(target), deaf.text);
	hang_up();
	close(filler[0]);
	leaves(&deaf);
}

static void
without_a_time_limit_a_full_queue_is_waited_for(void **state)
{
	struct endpoint peer;
	char text[128];
	int lfd, filler[2], fd;

	(void)state;
	dialer_free(dialer);
	dialer = dialer_new(loop, 0);
	lfd = listen_busy(text, filler);
	begin(text);
	for (int i = 0; i < 3; i++) {
		skip_ms(TIMEOUT_MS);
		run_due();
	}
	assert_int_equal(dones, 0);
	assert_int_equal(sock_accept(lfd, &fd, &peer), SOCK_ACCEPTED);
	assert_true(ends_at(text));
	hang_up();
	close(fd);
	close(filler[0]);
	close(lfd);
}

static void
nobody_there_is_unreachable(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
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

static void
be_stopped(struct ev_task *task)
{
	(void)task;
	skip_ms(TIMEOUT_MS * 2);
}

static void
a_stop_in_the_turn_before_it_is_not_counted(void **state)
{
	struct place deaf = place_at("127.0.0.1", 0);
	struct ev_task stop = { .cb = be_stopped };

	(void)state;
	goes_deaf(&deaf);
	ev_defer(loop, &stop);
	begin_from("192.0.2.1", deaf.text, BALANCE_FIRST);
	run_due();
	assert_int_equal(dones, 0);
	skip_ms(TIMEOUT_MS);
	assert_true(ends_at(NULL));
	hang_up();
	leaves(&deaf);
}

static void
running_out_of_descriptors_is_not_the_targets_fault(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
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
	ends();
	assert_int_equal(result, DIAL_NO_FDS);
	assert_int_equal(io.fd, -1);
	hang_up();
	assert_true(dial_reaches(p.text, p.text));
	leaves(&p);
}

static void
nor_is_running_out_of_memory(void **state)
{
	static const int lack[] = { ENOBUFS, ENOMEM };
	struct place p = place_at("127.0.0.1", 0);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		socket_error = lack[i];
		begin(p.text);
		socket_error = 0;
		ends();
		assert_int_equal(result, DIAL_NO_FDS);
		hang_up();
	}
	leaves(&p);
}

/* So the next dial finds out whether it can be reached again. */
static void
nor_is_it_while_trying_a_target_whose_time_is_over(void **state)
{
	struct place p[2];

	(void)state;
	make_held_off(p);
	comes_back(&p[0]);
	skip_ms(1001);
	ev_refresh(loop);
	socket_error = ENOBUFS;
	begin(list_of(p, 2));
	socket_error = 0;
	ends();
	assert_int_equal(result, DIAL_NO_FDS);
	hang_up();
	assert_true(dial_reaches(list_of(p, 2), p[0].text));
	close_places(p, 2);
}

/* ---- giving up ---- */

static void
a_dial_may_be_cancelled_in_every_state(void **state)
{
	struct place p = place_at("127.0.0.1", 0), deaf = place_at("127.0.0.1", 0);
	int before;

	(void)state;
	goes_deaf(&deaf);
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
	leaves(&p);
	leaves(&deaf);
}

static void
who_was_reached_by_then_sees_a_reset(void **state)
{
	struct place p = place_at("127.0.0.1", 0);
	char byte;
	int fd;

	(void)state;
	begin(p.text);
	dial_cancel(under_way);
	fd = accept(p.lfd, NULL, NULL);
	assert_int_not_equal(fd, -1);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(fd);
	leaves(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		names_test(a_target_is_connected_and_its_socket_watched),
		names_test(unix_and_pass_targets_are_connected_too),
		names_test(a_unix_target_with_a_full_queue_is_asked_again),
		names_test(one_whose_queue_stays_full_is_a_failure_at_last),
		names_test(after_one_with_a_full_queue_the_next_has_its_time_and_no_more),
		names_test(without_a_time_limit_a_full_queue_is_waited_for),
		names_test(nobody_there_is_unreachable),
		names_test(a_stop_in_the_turn_before_it_is_not_counted),
		names_test(running_out_of_descriptors_is_not_the_targets_fault),
		names_test(nor_is_running_out_of_memory),
		names_test(nor_is_it_while_trying_a_target_whose_time_is_over),
		names_test(a_dial_may_be_cancelled_in_every_state),
		names_test(who_was_reached_by_then_sees_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
