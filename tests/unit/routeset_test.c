/* SPDX-License-Identifier: ISC */
/*
 * Tests of lib/routeset.c: several files, errors,
 * and every way a file changes under a running tool.
 */
#include <sys/resource.h>

#include "log.h"
#include "loop_help.h"
#include "routeset.h"

static struct routeset *rs;
static char path_text[4][128];
static char *paths[4];
static char said[2048];
static int rounds, changes;

static int
setup(void **state)
{
	make_loop(state);
	make_dir();
	log_init("test", LOG_LEVEL_ERROR, false);
	rs = NULL;
	rounds = changes = 0;
	return 0;
}

static bool
is_idle(void)
{
	return !routeset_busy(rs);
}

static int
teardown(void **state)
{
	if (rs != NULL && routeset_files(rs) > 0)
		run_until(is_idle);
	free_loop(state);
	routeset_free(rs);
	remove_dir();
	return 0;
}

#define set_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static void
on_report(void *arg, const char *text)
{
	assert_ptr_equal(arg, said);
	assert_int_equal(strncmp(text, dir_path, strlen(dir_path)), 0);
	snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n",
	    text + strlen(dir_path) + 1);
}

static void
make_set(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		snprintf(path_text[i], sizeof(path_text[i]), "%s/routes%zu", dir_path, i);
		paths[i] = path_text[i];
	}
	rs = routeset_new(paths, n);
	assert_non_null(rs);
	said[0] = '\0';
}

static enum routes_result
load(void)
{
	return routeset_load(rs, on_report, said);
}

static void
on_round(void *arg, bool changed)
{
	assert_ptr_equal(arg, &rounds);
	rounds++;
	changes += changed;
}

static bool
has_round(void)
{
	return rounds > 0;
}

/* One watched file with this text. */
static void
watch_file(const char *text)
{
	make_set(1);
	write_file(paths[0], text);
	assert_int_equal(load(), ROUTES_LOADED);
	assert_int_equal(routeset_watch(rs, loop, on_round, &rounds), 0);
	skip_ms(1000);
}

static const char *
target_of(const char *name)
{
	static char text[256];
	struct route route;

	if (routeset_find(rs, ROUTES_TLS, slice_str(name), slice_of(NULL, 0), &route) ==
	    ROUTES_NO_MATCH)
		return "none";
	snprintf(text, sizeof(text), SLICE_FMT, SLICE_ARG(route.targets));
	return text;
}

/* A second passes: what changed has been noticed. True when a table was replaced. */
static bool
a_second_passes(void)
{
	rounds = changes = 0;
	for (int i = 0; i < 4; i++) {
		skip_ms(250);
		run_due();
		run_until(is_idle);
	}
	return changes > 0;
}

/* ---- at start ---- */

static void
the_best_match_of_several_files_wins_and_among_equals_the_first(void **state)
{
	(void)state;
	make_set(3);
	write_file(paths[0], "* tls=1.1.1.1:1\nboth.example tls=1.1.1.1:2\n");
	write_file(paths[1], "*.example tls=2.2.2.2:1\nboth.example tls=2.2.2.2:2\n");
	write_file(paths[2], "www.example tls=3.3.3.3:1\n# pass below\nx.test tls=pass:/x\n");
	assert_int_equal(load(), ROUTES_LOADED);
	assert_string_equal(said, "");
	assert_string_equal(target_of("www.example"), "3.3.3.3:1");
	assert_string_equal(target_of("other.example"), "2.2.2.2:1");
	assert_string_equal(target_of("both.example"), "1.1.1.1:2");
	assert_string_equal(target_of("elsewhere.test"), "1.1.1.1:1");
	assert_int_equal(routeset_lines(rs), 6);
	assert_true(routeset_bytes(rs) > 0);
	assert_true(routeset_has_pass(rs));
	assert_int_equal(routeset_files(rs), 3);
	assert_ptr_equal(routeset_path(rs, 1), paths[1]);
}

static void
no_file_is_a_set_without_routes(void **state)
{
	(void)state;
	make_set(0);
	assert_int_equal(load(), ROUTES_LOADED);
	assert_string_equal(target_of("www.example"), "none");
	assert_false(routeset_has_pass(rs));
	assert_int_equal(routeset_watch(rs, loop, on_round, &rounds), 0);
	routeset_reload(rs);
	assert_false(routeset_busy(rs));
}

static void
every_error_of_every_file_is_reported_and_the_worst_is_the_result(void **state)
{
	(void)state;
	make_set(3);
	write_file(paths[0], "bad line\n\nworse=1 tls=\n");
	write_file(paths[1], "www.example tls=1.1.1.1:1\n");
	write_file(paths[2], "www.example tls=1.1.1.1\n");
	assert_int_equal(load(), ROUTES_REFUSED);
	assert_non_null(strstr(said, "routes0:1: "));
	assert_non_null(strstr(said, "routes0:3: "));
	assert_non_null(strstr(said, "routes2:1: "));
	assert_null(routeset_table(rs, 0));
	routeset_free(rs);
	make_set(3);
	unlink(paths[1]);
	assert_int_equal(load(), ROUTES_FAILED);
	assert_int_equal(errno, ENOENT);
	assert_non_null(strstr(said, "routes1: No such file or directory\n"));
	assert_non_null(strstr(said, "routes2:1: "));
}

static void
sorted_files_are_searched_in_place_and_others_loaded(void **state)
{
	(void)state;
	make_set(2);
	write_file(paths[0], "#!routes sorted\na.example tls=1.1.1.1:1\nb.example tls=1.1.1.1:2\n");
	write_file(paths[1], "c.example tls=1.1.1.1:3\na.example tls=1.1.1.1:4\n");
	assert_int_equal(routeset_open(rs, on_report, said), ROUTES_LOADED);
	assert_string_equal(target_of("a.example"), "1.1.1.1:1");
	assert_string_equal(target_of("c.example"), "1.1.1.1:3");
	assert_int_equal(routeset_lines(rs), 2);	/* of the loaded one */
}

/* ---- while running ---- */

static void
a_file_replaced_by_rename_is_read_within_a_second(void **state)
{
	(void)state;
	watch_file("www.example tls=1.1.1.1:1\n");
	assert_false(a_second_passes());
	write_file(in_dir("new"), "www.example tls=1.1.1.1:2\n");
	assert_int_equal(rename(in_dir("new"), paths[0]), 0);
	assert_true(a_second_passes());
	assert_string_equal(target_of("www.example"), "1.1.1.1:2");
	assert_int_equal(changes, 1);
	assert_false(a_second_passes());
	assert_int_equal(rounds, 0);
}

static void
a_file_written_in_place_is_read_within_a_second(void **state)
{
	(void)state;
	watch_file("www.example tls=1.1.1.1:1\n");
	write_file(paths[0], "www.example tls=1.1.1.1:2\n");	/* of the same size */
	assert_true(a_second_passes());
	assert_string_equal(target_of("www.example"), "1.1.1.1:2");
}

/* The file system has the true time, so the time of day must be the true one as well here. */
static void
a_file_still_being_written_is_waited_for(void **state)
{
	(void)state;
	watch_file("www.example tls=1.1.1.1:1\n");
	skipped_wall_ms = 0;
	write_file(paths[0], "www.exam");
	skipped_ms += 250;
	run_turn();
	assert_false(routeset_busy(rs));
	write_file(paths[0], "www.example tls=1.1.1.1:2\n");
	skipped_ms += 250;
	run_turn();
	assert_false(routeset_busy(rs));
	assert_true(a_second_passes());
	assert_string_equal(target_of("www.example"), "1.1.1.1:2");
}

/* ConfigMap: routes0 -> data/routes0, data -> one of two directories; the inner link is swapped. */
static void
a_swapped_symlink_on_the_way_is_noticed(void **state)
{
	(void)state;
	make_set(1);
	assert_int_equal(mkdir(in_dir("v1"), 0755), 0);
	assert_int_equal(mkdir(in_dir("v2"), 0755), 0);
	write_file(in_dir("v1/routes"), "www.example tls=1.1.1.1:1\n");
	write_file(in_dir("v2/routes"), "www.example tls=1.1.1.1:2\n");
	assert_int_equal(symlink("v1", in_dir("data")), 0);
	assert_int_equal(symlink("data/routes", paths[0]), 0);
	assert_int_equal(load(), ROUTES_LOADED);
	assert_int_equal(routeset_watch(rs, loop, on_round, &rounds), 0);
	skip_ms(1000);
	assert_false(a_second_passes());
	assert_int_equal(symlink("v2", in_dir("data.new")), 0);
	assert_int_equal(rename(in_dir("data.new"), in_dir("data")), 0);
	assert_true(a_second_passes());
	assert_string_equal(target_of("www.example"), "1.1.1.1:2");
}

static void
a_file_that_is_refused_keeps_the_table_it_had(void **state)
{
	unsigned long good, bad;
	const char *log;

	(void)state;
	watch_file("www.example tls=1.1.1.1:1\n");
	catch_stderr();
	write_file(paths[0], "www.example tls=1.1.1.1:2\nbad\nworse\n");
	bool changed = a_second_passes();
	int n = rounds;

	a_second_passes();
	log = caught_stderr();
	assert_false(changed);
	assert_int_equal(n, 1);
	assert_int_equal(rounds, 0);		/* read once, not again and again */
	assert_non_null(strstr(log, "routes0:2: "));
	assert_non_null(strstr(log, "routes0:3: "));
	assert_non_null(strstr(log, "routes0: refused; the table read before stays\n"));
	assert_string_equal(target_of("www.example"), "1.1.1.1:1");
	write_file(paths[0], "www.example tls=1.1.1.1:3\n");
	assert_true(a_second_passes());
	assert_string_equal(target_of("www.example"), "1.1.1.1:3");
	routeset_counts(rs, &good, &bad);
	assert_int_equal(good, 1);
	assert_int_equal(bad, 1);
}

static void
a_file_that_is_gone_keeps_its_table_and_is_read_when_it_comes_back(void **state)
{
	const char *log;

	(void)state;
	watch_file("www.example tls=1.1.1.1:1\n");
	unlink(paths[0]);
	catch_stderr();
	bool changed = a_second_passes();

	a_second_passes();
	log = caught_stderr();
	assert_false(changed);
	assert_int_equal(rounds, 0);
	assert_non_null(strstr(log, "No such file or directory"));
	assert_string_equal(target_of("www.example"), "1.1.1.1:1");
	write_file(paths[0], "www.example tls=1.1.1.1:1\n");
	skip_ms(1000);
	assert_true(a_second_passes());
}

/* Opening one waits for who writes into it, a device may have no end. */
static void
what_is_no_plain_file_any_more_keeps_its_table_too(void **state)
{
	const char *log;

	(void)state;
	watch_file("www.example tls=1.1.1.1:1\n");
	unlink(paths[0]);
	assert_int_equal(mkfifo(paths[0], 0600), 0);
	catch_stderr();
	assert_false(a_second_passes());
	unlink(paths[0]);
	assert_int_equal(symlink("/dev/zero", paths[0]), 0);
	assert_false(a_second_passes());
	log = caught_stderr();
	assert_non_null(strstr(log, "routes0: not a plain file\n"));
	assert_string_equal(target_of("www.example"), "1.1.1.1:1");
	unlink(paths[0]);
	write_file(paths[0], "www.example tls=1.1.1.1:2\n");
	assert_true(a_second_passes());
	assert_string_equal(target_of("www.example"), "1.1.1.1:2");
}

static void
a_pipe_is_read_at_start_and_not_again(void **state)
{
	int pipe_fds[2];
	static char path[32], *only = path;

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", pipe_fds[0]);
	assert_int_equal(write(pipe_fds[1], "www.example tls=1.1.1.1:1\n", 26), 26);
	close(pipe_fds[1]);
	rs = routeset_new(&only, 1);
	assert_non_null(rs);
	assert_int_equal(routeset_load(rs, NULL, NULL), ROUTES_LOADED);
	assert_int_equal(routeset_watch(rs, loop, on_round, &rounds), 0);
	catch_stderr();
	routeset_reload(rs);
	run_until(is_idle);
	assert_non_null(strstr(caught_stderr(), "not a plain file"));
	assert_string_equal(target_of("www.example"), "1.1.1.1:1");
	close(pipe_fds[0]);
}

/* The file gets this text while nothing can be opened, which lasts for so many seconds. */
static void
write_unreadable(const char *text, int seconds)
{
	struct rlimit old, tight;

	getrlimit(RLIMIT_NOFILE, &old);
	tight = old;
	tight.rlim_cur = (rlim_t)dup(0);
	close((int)tight.rlim_cur);
	write_file(paths[0], text);
	setrlimit(RLIMIT_NOFILE, &tight);
	for (int i = 0; i < seconds; i++)
		a_second_passes();
	setrlimit(RLIMIT_NOFILE, &old);
	skip_ms(2000);
}

static void
what_the_system_refuses_is_tried_again_and_told_once(void **state)
{
	unsigned long good, bad;
	const char *log;

	(void)state;
	watch_file("www.example tls=1.1.1.1:1\n");
	catch_stderr();
	write_unreadable("www.example tls=1.1.1.1:2\n", 5);
	log = strstr(caught_stderr(), "Too many open files");
	assert_non_null(log);
	assert_null(strstr(log + 1, "Too many open files"));
	assert_true(a_second_passes());
	assert_string_equal(target_of("www.example"), "1.1.1.1:2");
	routeset_counts(rs, &good, &bad);
	assert_int_equal(bad, 1);
}

static void
what_is_wrong_with_its_lines_is_told_after_that_too(void **state)
{
	(void)state;
	watch_file("www.example tls=1.1.1.1:1\n");
	catch_stderr();
	write_unreadable("bad\n", 1);
	a_second_passes();
	assert_non_null(strstr(caught_stderr(), "routes0:1: "));
}

static void
of_several_files_only_the_changed_one_is_read(void **state)
{
	const struct routes *kept;

	(void)state;
	make_set(2);
	write_file(paths[0], "a.example tls=1.1.1.1:1\n");
	write_file(paths[1], "b.example tls=1.1.1.1:1\n");
	load();
	routeset_watch(rs, loop, on_round, &rounds);
	skip_ms(1000);
	kept = routeset_table(rs, 0);
	write_file(paths[1], "b.example tls=1.1.1.1:2\n");
	assert_true(a_second_passes());
	assert_ptr_equal(routeset_table(rs, 0), kept);
	assert_string_equal(target_of("b.example"), "1.1.1.1:2");
}

static void
a_reload_reads_every_file_changed_or_not(void **state)
{
	unsigned long good, bad;
	unsigned version;

	(void)state;
	make_set(2);
	write_file(paths[0], "a.example tls=1.1.1.1:1\n");
	write_file(paths[1], "b.example tls=1.1.1.1:1\n");
	load();
	version = routeset_version(rs);
	routeset_watch(rs, loop, on_round, &rounds);
	routeset_reload(rs);
	assert_true(routeset_busy(rs));
	run_until(has_round);
	assert_int_not_equal(routeset_version(rs), version);
	routeset_counts(rs, &good, &bad);
	assert_int_equal(good, 2);
	assert_int_equal(bad, 0);
	assert_int_equal(changes, 1);
}

static void
a_reload_asked_for_while_one_is_under_way_is_not_forgotten(void **state)
{
	unsigned long good, bad;

	(void)state;
	watch_file("www.example tls=1.1.1.1:1\n");
	routeset_reload(rs);
	/* the round under way may miss this */
	write_file(paths[0], "www.example tls=1.1.1.1:2\n");
	routeset_reload(rs);
	routeset_reload(rs);
	routeset_reload(rs);
	run_until(is_idle);
	assert_int_equal(rounds, 2);
	routeset_counts(rs, &good, &bad);
	assert_int_equal(good, 2);
	assert_string_equal(target_of("www.example"), "1.1.1.1:2");
}

static void
a_table_may_be_put_in_place(void **state)
{
	struct routes *r;

	(void)state;
	make_set(1);
	write_file(paths[0], "www.example tls=1.1.1.1:1\n");
	assert_int_equal(routes_load(paths[0], NULL, NULL, &r), ROUTES_LOADED);
	assert_string_equal(target_of("www.example"), "none");
	routeset_replace(rs, 0, r);
	assert_string_equal(target_of("www.example"), "1.1.1.1:1");
	write_file(paths[0], "www.example tls=1.1.1.1:2\n");
	assert_int_equal(routes_load(paths[0], NULL, NULL, &r), ROUTES_LOADED);
	routeset_replace(rs, 0, r);
	assert_string_equal(target_of("www.example"), "1.1.1.1:2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		set_test(the_best_match_of_several_files_wins_and_among_equals_the_first),
		set_test(no_file_is_a_set_without_routes),
		set_test(every_error_of_every_file_is_reported_and_the_worst_is_the_result),
		set_test(sorted_files_are_searched_in_place_and_others_loaded),
		set_test(a_file_replaced_by_rename_is_read_within_a_second),
		set_test(a_file_written_in_place_is_read_within_a_second),
		set_test(a_file_still_being_written_is_waited_for),
		set_test(a_swapped_symlink_on_the_way_is_noticed),
		set_test(a_file_that_is_refused_keeps_the_table_it_had),
		set_test(a_file_that_is_gone_keeps_its_table_and_is_read_when_it_comes_back),
		set_test(what_is_no_plain_file_any_more_keeps_its_table_too),
		set_test(a_pipe_is_read_at_start_and_not_again),
		set_test(what_the_system_refuses_is_tried_again_and_told_once),
		set_test(what_is_wrong_with_its_lines_is_told_after_that_too),
		set_test(of_several_files_only_the_changed_one_is_read),
		set_test(a_reload_reads_every_file_changed_or_not),
		set_test(a_reload_asked_for_while_one_is_under_way_is_not_forgotten),
		set_test(a_table_may_be_put_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
