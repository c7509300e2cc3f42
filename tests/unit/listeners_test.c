/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/listeners.c and lib/listen_names.c: opening, closing, socket files,
 * following the routes files.
 */
#include <sys/resource.h>

#include "listeners.h"
#include "log.h"
#include "loop_help.h"

static struct listeners ls;

static int
setup(void **state)
{
	make_loop(state);
	make_dir();
	ls = (struct listeners){ .ev = loop };
	log_init("test", LOG_LEVEL_ERROR, false);
	return 0;
}

static int
teardown(void **state)
{
	listeners_close_all(&ls, false);
	remove_dir();
	return free_loop(state);
}

#define listeners_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const char *
unix_text(const char *name)
{
	static char text[2][128];
	static unsigned next;
	char *out = text[next++ % 2];

	snprintf(out, sizeof(text[0]), "unix:%s", in_dir(name));
	return out;
}

/* From an exact-size copy, which is gone afterwards. */
static int
open_text(const char *addr, bool from_routes, const char **why)
{
	char *copy = malloc(strlen(addr));
	struct slice copied = slice_of(copy, strlen(addr));
	struct addr a;
	int r;

	memcpy(copy, addr, strlen(addr));
	r = listeners_resolve(copied, &a, why);
	if (r == 0)
		r = listeners_bind(&ls, &a, copied, from_routes);
	free(copy);
	return r;
}

static void
must_open(const char *addr, bool from_routes)
{
	const char *why;

	assert_int_equal(open_text(addr, from_routes, &why), 0);
}

static bool
file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void
listeners_keep_the_order_they_were_opened_in(void **state)
{
	char *text, want[3 * SOCK_NAME_MAX];

	(void)state;
	must_open("127.0.0.1:0", false);
	must_open(unix_text("a"), false);
	must_open("127.0.0.1:0", true);
	assert_int_equal(ls.count, 3);
	text = listeners_text(&ls);
	snprintf(want, sizeof(want), "%s %s %s", ls.first->name, unix_text("a"),
	    ls.first->next->next->name);
	assert_string_equal(text, want);
	free(text);
}

static void
no_listener_is_an_empty_text(void **state)
{
	char *text = listeners_text(&ls);

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

static void
text_that_is_no_address_is_refused_with_a_reason(void **state)
{
	static const char *const bad[] = { "", "80", "host", "127.0.0.1:99999", "pass:/x",
		"unix:relative", "[::1:80" };
	const char *why = NULL;
	int before = open_fds();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(open_text(bad[i], false, &why), -1);
		assert_int_equal(errno, EINVAL);
		assert_non_null(why);
	}
	assert_int_equal(ls.count, 0);
	assert_int_equal(open_fds(), before);
}

static void
an_address_that_is_taken_fails_with_errno(void **state)
{
	const char *why = "untouched";

	(void)state;
	must_open(unix_text("a"), false);
	assert_int_equal(open_text(unix_text("a"), false, &why), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_null(why);
}

static void
only_listeners_of_the_routes_files_are_found_by_their_address(void **state)
{
	struct listener *l;

	(void)state;
	must_open("127.0.0.1:0", false);
	assert_null(listeners_from_routes(&ls, slice_str("127.0.0.1:0")));
	must_open("127.0.0.1:0", true);
	l = listeners_from_routes(&ls, slice_str("127.0.0.1:0"));
	assert_ptr_equal(l, ls.first->next);
	assert_null(listeners_from_routes(&ls, slice_str("127.0.0.1:00")));
	listeners_close(&ls, l, true);
	assert_null(listeners_from_routes(&ls, slice_str("127.0.0.1:0")));
	run_turn();
}

static void
the_socket_file_goes_with_its_listener_when_it_is_still_ours(void **state)
{
	(void)state;
	must_open(unix_text("a"), false);
	listeners_close(&ls, ls.first, false);
	assert_true(file_exists(in_dir("a")));
	must_open(unix_text("a"), false);
	listeners_close(&ls, ls.first, true);
	assert_false(file_exists(in_dir("a")));

	must_open(unix_text("a"), false);
	assert_int_equal(rename(in_dir("a"), in_dir("b")), 0);
	int other = listen_on(unix_text("a"));

	listeners_close(&ls, ls.first, true);
	assert_true(file_exists(in_dir("a")));
	close(other);

	assert_int_equal(unlink(in_dir("a")), 0);
	must_open(unix_text("a"), false);
	assert_int_equal(unlink(in_dir("a")), 0);
	write_file(in_dir("a"), "something else");
	listeners_close_all(&ls, true);
	assert_true(file_exists(in_dir("a")));
}

static void
a_socket_file_of_a_supervisor_is_not_ours_to_remove(void **state)
{
	(void)state;
	assert_int_equal(listeners_adopt(&ls, listen_on(unix_text("a")), slice_of(NULL, 0)), 0);
	assert_string_equal(ls.first->name, unix_text("a"));
	listeners_close_all(&ls, true);
	assert_true(file_exists(in_dir("a")));
	assert_int_equal(listeners_adopt(&ls, -1, slice_of(NULL, 0)), -1);
	assert_int_equal(ls.count, 0);
}

static void
a_closed_listener_lives_as_long_as_a_connection_names_it(void **state)
{
	struct listener *l;

	(void)state;
	must_open("127.0.0.1:0", true);
	l = ls.first;
	listener_ref(l);
	listener_ref(l);
	listeners_close(&ls, l, true);
	assert_int_equal(l->io.fd, -1);
	assert_int_equal(ls.count, 0);
	run_turn();
	assert_string_equal(l->addr, "127.0.0.1:0");
	listener_unref(l);
	run_turn();
	assert_string_equal(l->addr, "127.0.0.1:0");
	listener_unref(l);
	assert_int_equal(l->io.fd, -1);		/* an event of this turn may still look */
	run_turn();
}

static void
without_a_loop_listeners_are_freed_at_once(void **state)
{
	(void)state;
	ls.ev = NULL;
	must_open("127.0.0.1:0", true);
	listeners_close_all(&ls, true);
	assert_null(ls.first);
}

/* ---- following the routes files ---- */

static struct routeset *rs;
static char told[512];

static void
on_event(void *arg, struct listener *l, bool opened)
{
	assert_ptr_equal(arg, told);
	assert_int_not_equal(l->io.fd, -1);	/* also when it is about to be closed */
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s ", opened ? "+" : "-",
	    l->addr);
}

static size_t files = 1;	/* how often that file is given */

static size_t
sync_with(const char *text, bool first_try)
{
	static char *path[2];
	size_t failed;

	write_file(in_dir("routes"), text);
	path[0] = path[1] = (char *)(uintptr_t)in_dir("routes");
	rs = routeset_new(path, files);
	assert_int_equal(routeset_load(rs, NULL, NULL), ROUTES_LOADED);
	told[0] = '\0';
	failed = listeners_sync(&ls, rs, first_try, on_event, told);
	routeset_free(rs);
	return failed;
}

static void
listeners_come_and_go_with_the_lines_of_the_routes_file(void **state)
{
	const char *a, *b;
	char text[512], want[512];

	(void)state;
	must_open("127.0.0.1:0", false);
	a = unix_text("a");
	b = unix_text("b");
	snprintf(text, sizeof(text), "%s tcp=127.0.0.1:1\nwww.example tls=127.0.0.1:1\n"
	    "%s tcp=127.0.0.1:2\n", a, b);
	assert_int_equal(sync_with(text, true), 0);
	snprintf(want, sizeof(want), "+%s +%s ", a, b);
	assert_string_equal(told, want);
	assert_int_equal(sync_with(text, true), 0);
	assert_string_equal(told, "");
	snprintf(text, sizeof(text), "%s tcp=127.0.0.1:1\n", b);
	assert_int_equal(sync_with(text, true), 0);
	snprintf(want, sizeof(want), "-%s ", a);
	assert_string_equal(told, want);
	assert_false(file_exists(in_dir("a")));
	assert_int_equal(sync_with("", true), 0);
	snprintf(want, sizeof(want), "-%s ", b);
	assert_string_equal(told, want);
	assert_int_equal(ls.count, 1);	/* the one of -l stays */
	run_turn();
}

static void
an_address_that_becomes_free_by_the_same_change_is_taken(void **state)
{
	struct endpoint e;
	char text[128], want[256];
	int fd = listen_on("127.0.0.1:0");

	(void)state;
	sock_local(fd, &e);
	close(fd);
	snprintf(text, sizeof(text), ":%u tcp=127.0.0.1:1\n", e.port);
	assert_int_equal(sync_with(text, true), 0);
	snprintf(text, sizeof(text), "127.0.0.1:%u tcp=127.0.0.1:1\n", e.port);
	assert_int_equal(sync_with(text, true), 0);
	snprintf(want, sizeof(want), "-:%u +127.0.0.1:%u ", e.port, e.port);
	assert_string_equal(told, want);
}

static void
a_failed_bind_is_counted_logged_once_and_tried_again(void **state)
{
	char text[256];
	int taken = listen_on(unix_text("a"));
	const char *said;

	(void)state;
	snprintf(text, sizeof(text), "%s tcp=127.0.0.1:1\n", unix_text("a"));
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s tcp=127.0.0.1:1\n",
	    unix_text("b"));
	catch_stderr();
	assert_int_equal(sync_with(text, true), 1);
	said = caught_stderr();
	assert_non_null(strstr(said, "/routes:1: listen unix:/"));
	assert_non_null(strstr(said, "/a: Address already in use; trying again\n"));
	assert_int_equal(ls.count, 1);
	catch_stderr();
	assert_int_equal(sync_with(text, false), 1);
	assert_string_equal(caught_stderr(), "");
	close(taken);
	assert_int_equal(sync_with(text, false), 0);
	assert_int_equal(ls.count, 2);
}

enum { MANY = 8000 };

/* A text of lines for every step-th of many addresses; owned by the caller. */
static char *
many_lines(int step)
{
	char *text = malloc(MANY * 64), *at = text;

	for (int i = 0; i < MANY; i += step)
		at += sprintf(at, "unix:@listeners_test.%d.%d tcp=127.0.0.1:1\n", (int)getpid(), i);
	return text;
}

/* Processor time of a sync that fails nowhere. */
static uint64_t
sync_many_us(int step)
{
	char *text = many_lines(step);
	struct timespec from, to;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	assert_int_equal(sync_with(text, true), 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	free(text);
	assert_int_equal(ls.count, MANY / step);
	return (uint64_t)((to.tv_sec - from.tv_sec) * 1000000 +
	    (to.tv_nsec - from.tv_nsec) / 1000);
}

static void
thousands_of_addresses_are_followed_without_a_stall(void **state)
{
	struct rlimit rl;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	if (rl.rlim_cur < MANY + 100)
		skip();
	(void)sync_many_us(1);
	assert_true(sync_many_us(1) < 200000);		/* each among all: over a second */
	assert_string_equal(ls.last->addr + strlen(ls.last->addr) - 5, ".7999");
	(void)sync_many_us(2);
	assert_true(sync_many_us(2) < 200000);
	assert_string_equal(ls.last->addr + strlen(ls.last->addr) - 5, ".7998");
	(void)sync_many_us(1);
	run_turn();
}

/* ---- names: nobody may ask DNS for those in .onion (RFC 7686), so the answer is at hand ---- */

static void
a_name_without_an_address_is_no_bad_text(void **state)
{
	const char *why = "untouched";

	(void)state;
	assert_int_equal(open_text("nowhere.onion:0", false, &why), -1);
	assert_int_equal(errno, ENXIO);
	assert_null(why);
	assert_string_equal(listeners_reason(why), "the name has no address");
	assert_string_equal(listeners_reason("no port"), "no port");
	errno = EADDRINUSE;
	assert_string_equal(listeners_reason(NULL), strerror(EADDRINUSE));
}

static void
a_name_that_was_resolved_can_be_bound_at_any_time(void **state)
{
	struct slice text = slice_str("localhost:0");
	const char *why = "untouched";
	struct addr a;

	(void)state;
	assert_int_equal(listeners_resolve(text, &a, &why), 0);
	assert_null(why);
	assert_int_equal(a.kind, ADDR_IP);
	assert_int_equal(ls.count, 0);
	for (size_t n = 1; n <= 2; n++) {
		assert_int_equal(listeners_bind(&ls, &a, text, false), 0);
		assert_int_equal(ls.count, n);
	}
	assert_string_equal(ls.first->addr, "localhost:0");
}

static unsigned fired;

static void
on_retry(struct ev_timer *t)
{
	(void)t;
	fired++;
}

static bool
has_fired(void)
{
	return fired > 0;
}

static struct ev_timer retry = { .cb = on_retry };

static void
names_are_looked_up_aside_and_bound_by_the_next_try(void **state)
{
	static const char text[] = "localhost:0 tcp=127.0.0.1:1\n"
	    "nowhere.onion:80 tcp=127.0.0.1:1\n";

	(void)state;
	fired = 0;
	ls.retry = &retry;
	catch_stderr();
	assert_int_equal(sync_with(text, true), 2);
	assert_string_equal(caught_stderr(), "");
	run_until(has_fired);
	catch_stderr();
	assert_int_equal(sync_with(text, false), 1);
	assert_non_null(strstr(caught_stderr(),
	    "/routes:2: listen nowhere.onion:80: the name has no address; trying again\n"));
	assert_string_equal(told, "+localhost:0 ");

	/* that it fails is said once, and that it can't be bound again when somebody asks */
	fired = 0;
	assert_int_equal(sync_with(text, false), 1);
	run_until(has_fired);
	catch_stderr();
	assert_int_equal(sync_with(text, false), 1);
	assert_string_equal(caught_stderr(), "");
	assert_int_equal(sync_with("localhost:0 tcp=127.0.0.1:1\n", false), 0);
	assert_string_equal(told, "");
}

static void
a_name_is_looked_up_once_a_try_in_however_many_files_it_stands(void **state)
{
	static const char text[] = "nowhere.onion:80 tcp=127.0.0.1:1\n";

	(void)state;
	fired = 0;
	files = 2;
	ls.retry = &retry;
	assert_int_equal(sync_with(text, true), 2);
	run_until(has_fired);
	fired = 0;
	catch_stderr();
	assert_int_equal(sync_with(text, false), 2);
	assert_non_null(strstr(caught_stderr(), "the name has no address"));
	for (int i = 0; i < 20; i++) {
		usleep(5000);
		run_turn();
	}
	assert_int_equal(fired, 0);
	files = 1;
}

static int fds_before;

static bool
fds_are_back(void)
{
	return open_fds() <= fds_before;
}

static void
names_that_are_looked_up_may_be_given_up(void **state)
{
	(void)state;
	fds_before = open_fds();
	fired = 0;
	ls.retry = &retry;
	assert_int_equal(sync_with("localhost:0 tcp=127.0.0.1:1\n", true), 1);
	listeners_close_all(&ls, true);
	run_until(fds_are_back);
	assert_int_equal(fired, 0);
}

static void
without_a_loop_names_are_waited_for(void **state)
{
	(void)state;
	ls.ev = NULL;
	assert_int_equal(sync_with("localhost:0 tcp=127.0.0.1:1\n", true), 0);
	assert_string_equal(told, "+localhost:0 ");
}

/* ---- whose the socket files are ---- */

static void
socket_files_of_ours_are_given_to_a_user(void **state)
{
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	must_open("127.0.0.1:0", false);
	must_open(unix_text("a"), false);
	assert_int_equal(listeners_adopt(&ls, listen_on(unix_text("b")), slice_of(NULL, 0)), 0);
	must_open(unix_text("c"), false);
	assert_int_equal(unlink(in_dir("c")), 0);
	write_file(in_dir("c"), "something else");
	catch_stderr();
	log_init("test", LOG_LEVEL_ERROR, false);
	listeners_chown(&ls, 4711, 4712);
	assert_string_equal(caught_stderr(), "");
	assert_int_equal(stat(in_dir("a"), &st), 0);
	assert_int_equal(st.st_uid, 4711);
	assert_int_equal(st.st_gid, 4712);
	assert_int_equal(stat(in_dir("b"), &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(stat(in_dir("c"), &st), 0);
	assert_int_equal(st.st_uid, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		listeners_test(listeners_keep_the_order_they_were_opened_in),
		listeners_test(no_listener_is_an_empty_text),
		listeners_test(text_that_is_no_address_is_refused_with_a_reason),
		listeners_test(an_address_that_is_taken_fails_with_errno),
		listeners_test(only_listeners_of_the_routes_files_are_found_by_their_address),
		listeners_test(the_socket_file_goes_with_its_listener_when_it_is_still_ours),
		listeners_test(a_socket_file_of_a_supervisor_is_not_ours_to_remove),
		listeners_test(a_closed_listener_lives_as_long_as_a_connection_names_it),
		listeners_test(without_a_loop_listeners_are_freed_at_once),
		listeners_test(listeners_come_and_go_with_the_lines_of_the_routes_file),
		listeners_test(an_address_that_becomes_free_by_the_same_change_is_taken),
		listeners_test(a_failed_bind_is_counted_logged_once_and_tried_again),
		listeners_test(thousands_of_addresses_are_followed_without_a_stall),
		listeners_test(a_name_without_an_address_is_no_bad_text),
		listeners_test(a_name_that_was_resolved_can_be_bound_at_any_time),
		listeners_test(names_are_looked_up_aside_and_bound_by_the_next_try),
		listeners_test(a_name_is_looked_up_once_a_try_in_however_many_files_it_stands),
		listeners_test(names_that_are_looked_up_may_be_given_up),
		listeners_test(without_a_loop_names_are_waited_for),
		listeners_test(socket_files_of_ours_are_given_to_a_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
