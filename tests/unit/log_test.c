/* SPDX-License-Identifier: ISC */
/* Tests of lib/log.c: escaping, gathering, and a standard error nobody reads. */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "log.h"
#include "loop_help.h"

/* On an exact-size heap copy. */
static const char *
value_of(const void *bytes, size_t len, char out[static LOG_VALUE_MAX])
{
	char *copy = malloc(len);
	const char *r;

	memcpy(copy, bytes, len);
	r = log_value(slice_of(copy, len), out);
	free(copy);
	return r;
}

/* The one byte a quoted value stands for. */
static int
unescape(const char *text)
{
	unsigned byte;

	assert_int_equal(text[0], '"');
	assert_int_equal(text[strlen(text) - 1], '"');
	if (text[1] != '\\') {
		assert_int_equal(strlen(text), 3);
		return (unsigned char)text[1];
	}
	if (text[2] != 'u') {
		assert_int_equal(strlen(text), 4);
		return (unsigned char)text[2];
	}
	assert_int_equal(sscanf(text, "\"\\u00%2x\"", &byte), 1);
	assert_int_equal(strlen(text), 8);
	return (int)byte;
}

static void
every_byte_is_logged_as_printable_text_that_tells_it(void **state)
{
	static const char plain[] =
	    "-._:/*[]@+,0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	char out[LOG_VALUE_MAX];

	(void)state;
	for (int b = 0; b < 256; b++) {
		unsigned char byte = (unsigned char)b;

		assert_ptr_equal(value_of(&byte, 1, out), out);
		for (const char *p = out; *p != '\0'; p++)
			assert_in_range((unsigned char)*p, 0x20, 0x7e);
		if (b != 0 && strchr(plain, b) != NULL)
			assert_true(strlen(out) == 1 && out[0] == b);
		else
			assert_int_equal(unescape(out), b);
	}
}

static void
absent_is_a_dash_and_empty_is_two_quotes(void **state)
{
	char out[LOG_VALUE_MAX];

	(void)state;
	assert_string_equal(log_value(slice_of(NULL, 0), out), "-");
	assert_string_equal(log_value(slice_of("", 0), out), "\"\"");
}

static void
one_odd_byte_quotes_the_whole_value(void **state)
{
	char out[LOG_VALUE_MAX];

	(void)state;
	assert_string_equal(value_of("a.example end=closed", 20, out), "\"a.example end=closed\"");
	assert_string_equal(value_of("a\"b\\c\n\x7f", 7, out), "\"a\\\"b\\\\c\\u000a\\u007f\"");
	assert_string_equal(value_of("*.example.org", 13, out), "*.example.org");
	assert_string_equal(value_of("[2001:db8::1]:443", 17, out), "[2001:db8::1]:443");
}

static void
a_value_over_256_bytes_is_cut_and_the_worst_one_fits(void **state)
{
	char *out = malloc(LOG_VALUE_MAX), bytes[300];

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	value_of(bytes, sizeof(bytes), out);
	assert_int_equal(strlen(out), 256 * 6 + 2);
	memset(bytes, 'a', sizeof(bytes));
	value_of(bytes, 257, out);
	assert_int_equal(strlen(out), 256);
	free(out);
}

static void
no_raw_control_or_foreign_byte_gets_into_any_line(void **state)
{
	const char *text;

	(void)state;
	catch_stderr();
	log_init("tool", LOG_LEVEL_INFO, false);
	log_warn("target=%s is \"not\" there", "unix:/tmp/\x9b\x1b[31m\n\\");
	log_from_thread(LOG_LEVEL_ERROR, "r\xc3\xb6tes\r");
	assert_int_equal(log_wrong(7, "%s", "no"), 7);
	log_bare(NULL, "r\xc3\xb6tes:1: \x7f");
	text = caught_stderr();
	assert_string_equal(text,
	    "tool: warn: target=unix:/tmp/\\x9b\\x1b[31m\\x0a\\ is \"not\" there\n"
	    "tool: error: r\\xc3\\xb6tes\\x0d\ntool: error: no\nr\\xc3\\xb6tes:1: \\x7f\n");
}

static void
lines_are_gathered_until_they_are_flushed(void **state)
{
	(void)state;
	catch_stderr();
	log_init("tool", LOG_LEVEL_INFO, false);
	log_info("one");
	log_info("two %d", 2);
	assert_string_equal(read_back(stderr_caught), "");
	log_flush();
	log_flush();
	assert_string_equal(caught_stderr(), "tool: info: one\ntool: info: two 2\n");
}

static void
a_line_alone_is_written_in_its_turn_and_many_a_few_times_a_second(void **state)
{
	const uint64_t now = 1000000;

	(void)state;
	catch_stderr();
	log_init("tool", LOG_LEVEL_INFO, false);
	assert_int_equal(log_turn(now), -1);
	log_info("one");
	assert_int_equal(log_turn(now), -1);
	assert_string_equal(read_back(stderr_caught), "tool: info: one\n");
	log_info("two");
	assert_int_equal(log_turn(now), 10);
	assert_int_equal(log_turn(now + 9), 1);
	assert_string_equal(read_back(stderr_caught), "tool: info: one\n");
	log_info("three");
	assert_int_equal(log_turn(now + 10), -1);
	assert_int_equal(log_turn(now + 10), -1);
	assert_string_equal(read_back(stderr_caught),
	    "tool: info: one\ntool: info: two\ntool: info: three\n");
	log_info("last");
	assert_int_equal(log_turn(UINT64_MAX), -1);
	assert_string_equal(caught_stderr(), "tool: info: one\ntool: info: two\ntool: info: three\n"
	    "tool: info: last\n");
}

static void
a_warning_is_written_at_once_behind_what_was_gathered(void **state)
{
	(void)state;
	catch_stderr();
	log_init("tool", LOG_LEVEL_INFO, false);
	log_info("first");
	log_warn("second");
	assert_string_equal(read_back(stderr_caught), "tool: info: first\ntool: warn: second\n");
	log_error("third");
	assert_string_equal(caught_stderr(), "tool: info: first\ntool: warn: second\n"
	    "tool: error: third\n");
}

static void
levels_not_wanted_are_not_written(void **state)
{
	(void)state;
	catch_stderr();
	log_init("tool", LOG_LEVEL_WARN, false);
	log_debug("a");
	log_info("b");
	log_from_thread(LOG_LEVEL_INFO, "c");
	log_warn("d");
	log_flush();
	assert_string_equal(caught_stderr(), "tool: warn: d\n");
	assert_true(log_wants(LOG_LEVEL_ERROR));
	assert_true(log_wants(LOG_LEVEL_WARN));
	assert_false(log_wants(LOG_LEVEL_INFO));
}

static void
a_line_too_long_is_cut_and_keeps_its_newline(void **state)
{
	char *text = malloc(LOG_LINE_MAX * 2);
	const char *got;

	(void)state;
	memset(text, 'x', LOG_LINE_MAX * 2 - 1);
	text[LOG_LINE_MAX * 2 - 1] = '\0';
	for (int with_time = 0; with_time < 2; with_time++) {
		catch_stderr();
		log_init("tool", LOG_LEVEL_INFO, with_time);
		log_info("%s", text);
		log_info("next");
		log_flush();
		log_from_thread(LOG_LEVEL_INFO, "%s", text);
		got = caught_stderr();
		assert_int_equal(strchr(got, '\n') - got, LOG_LINE_MAX - 1);
		assert_non_null(strstr(got, "xx\n"));
		assert_non_null(strstr(got, "tool: info: next\n"));
		assert_int_equal(got[strlen(got) - 1], '\n');
	}
	free(text);
}

static void
a_time_stamp_is_rfc_3339_in_utc(void **state)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ tool: info: x\n";
	struct tm tm = { 0 };
	struct timespec now;	/* time(2) may be a little behind */
	const char *got;

	(void)state;
	setenv("TZ", "EST5", 1);
	tzset();
	catch_stderr();
	log_init("tool", LOG_LEVEL_INFO, true);
	log_info("x");
	log_flush();
	got = caught_stderr();
	assert_int_equal(strlen(got), strlen(form));
	for (size_t i = 0; form[i] != '\0'; i++)
		assert_true(form[i] == 'd' ? got[i] >= '0' && got[i] <= '9' : got[i] == form[i]);
	assert_non_null(strptime(got, "%Y-%m-%dT%H:%M:%S", &tm));
	clock_gettime(CLOCK_REALTIME, &now);
	assert_in_range(now.tv_sec - timegm(&tm), 0, 5);
}

static void
more_than_the_buffer_holds_flushes_itself(void **state)
{
	const char *got;
	int n = 0;

	(void)state;
	catch_stderr();
	log_init("tool", LOG_LEVEL_INFO, false);
	for (int i = 0; i < 3000; i++)
		log_info("line %04d 0123456789012345678901234567890", i);
	log_flush();
	got = caught_stderr();
	for (const char *p = got; *p != '\0'; p = strchr(p, '\n') + 1, n++) {
		int number;

		assert_int_equal(sscanf(p, "tool: info: line %d", &number), 1);
		assert_int_equal(number, n);
	}
	assert_int_equal(n, 3000);
}

/* In children, since it is about blocking. */
static void
fill_a_pipe_nobody_reads(void)
{
	enum { LINES = 5000 };
	unsigned long dropped = 0;
	int pipefd[2], whole = 0;
	char *text, *report;
	ssize_t n;

	CHILD_CHECK(pipe2(pipefd, O_CLOEXEC) == 0);
	int said = dup(STDERR_FILENO);
	dup2(pipefd[1], STDERR_FILENO);
	log_init("tool", LOG_LEVEL_INFO, false);
	for (int i = 0; i < LINES; i++) {
		log_info("line %04d 0123456789012345678901234567890", i);
		if (i % 100 == 0)
			log_flush();
	}
	log_warn("not this one either");
	text = calloc(1, 1 << 20);
	n = read(pipefd[0], text, 1 << 20);
	log_info("room again");
	log_flush();
	CHILD_CHECK(n > 0 && read(pipefd[0], text + n, (1 << 20) - (size_t)n) > 0);
	dup2(said, STDERR_FILENO);
	report = strstr(text, "tool: warn: standard error was not read: ");
	CHILD_CHECK(report != NULL &&
	    sscanf(report, "tool: warn: standard error was not read: %lu", &dropped) == 1);
	CHILD_CHECK(strcmp(strchr(report, '\n'), "\ntool: info: room again\n") == 0);
	for (const char *p = text; p < report; p = strchr(p, '\n') + 1) {
		CHILD_CHECK(strncmp(p, "tool: info: line ", 17) == 0);
		whole++;
	}
	CHILD_CHECK(whole > 0 && (unsigned long)whole + dropped == LINES + 1);
	free(text);
}

static void
lines_a_full_pipe_has_no_room_for_are_dropped_whole_and_counted(void **state)
{
	(void)state;
	expect_well(fill_a_pipe_nobody_reads);
}

/* Standard error is a pipe that was full when a line came, and has room when last is called. */
static void
after_a_full_pipe(bool with_time, void (*last)(void), char *text, size_t size)
{
	static char junk[65536];
	int pipefd[2], said = dup(STDERR_FILENO);
	ssize_t n;

	CHILD_CHECK(pipe2(pipefd, O_CLOEXEC) == 0);
	dup2(pipefd[1], STDERR_FILENO);
	fcntl(pipefd[1], F_SETFL, O_NONBLOCK);
	while (write(pipefd[1], junk, sizeof(junk)) > 0)
		;
	fcntl(pipefd[1], F_SETFL, 0);
	log_init("tool", LOG_LEVEL_INFO, with_time);
	log_from_thread(LOG_LEVEL_ERROR, "nobody will see this");
	fcntl(pipefd[0], F_SETFL, O_NONBLOCK);
	while (read(pipefd[0], junk, sizeof(junk)) > 0)
		;
	last();
	n = read(pipefd[0], text, size - 1);
	dup2(said, STDERR_FILENO);
	text[n < 0 ? 0 : n] = '\0';
}

static void
warn_of_room(void)
{
	log_warn("room again");
}

static void
log_from_a_thread_into_a_full_pipe(void)
{
	char text[256];

	after_a_full_pipe(false, warn_of_room, text, sizeof(text));
	CHILD_CHECK(strcmp(text,
	    "tool: warn: standard error was not read: 1 lines dropped\n"
	    "tool: warn: room again\n") == 0);
}

static void
a_thread_does_not_wait_for_room_either(void **state)
{
	(void)state;
	expect_well(log_from_a_thread_into_a_full_pipe);
}

static void
flush_alone_after_a_full_pipe(void)
{
	char text[256];
	int year, end = 0;

	after_a_full_pipe(true, log_flush, text, sizeof(text));
	CHILD_CHECK(sscanf(text, "%d-%*d-%*dT%*d:%*d:%*d.%*dZ %n", &year, &end) == 1);
	CHILD_CHECK(strcmp(text + end,
	    "tool: warn: standard error was not read: 1 lines dropped\n") == 0);
}

static void
what_was_dropped_last_is_counted_though_no_line_follows(void **state)
{
	(void)state;
	expect_well(flush_alone_after_a_full_pipe);
}

/*
 * A limit of the file's size is as good as a full disk: a line is written in part,
 * others not at all.
 */
static void
fill_a_disk(void)
{
	enum { LINES = 100, ROOM = 1000, SOME = 10 };
	struct rlimit limit = { .rlim_cur = ROOM, .rlim_max = RLIM_INFINITY };
	unsigned long dropped = 0, whole = 0;
	FILE *f = tmpfile();
	int said = dup(STDERR_FILENO);
	char text[8192], *report;

	signal(SIGXFSZ, SIG_IGN);
	dup2(fileno(f), STDERR_FILENO);
	log_init("tool", LOG_LEVEL_INFO, false);
	CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	for (int i = 0; i < LINES; i++) {
		log_info("line %04d 0123456789012345678901234567890", i);
		if (i % 40 == 0)
			log_flush();
	}
	log_flush();
	limit.rlim_cur = ROOM + SOME;		/* for a part of the report */
	CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	log_flush();
	limit.rlim_cur = RLIM_INFINITY;
	CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	log_info("room again");
	log_flush();
	dup2(said, STDERR_FILENO);
	rewind(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	report = strstr(text, "\ntool: warn: standard error had no room: ");
	CHILD_CHECK(report != NULL && report - text == ROOM + SOME);
	CHILD_CHECK(strncmp(text + ROOM, "\ntool: war\n", SOME + 1) == 0);
	CHILD_CHECK(sscanf(report, "\ntool: warn: standard error had no room: %lu", &dropped) == 1);
	CHILD_CHECK(strcmp(strchr(report + 1, '\n'), "\ntool: info: room again\n") == 0);
	for (const char *p = text; p < text + ROOM; p++)
		whole += *p == '\n';
	CHILD_CHECK(whole > 0 && whole + dropped == LINES);
	fclose(f);
}

static void
lines_a_full_disk_has_no_room_for_are_counted(void **state)
{
	(void)state;
	expect_well(fill_a_disk);
}

/* A pipe in packet mode (pipe(2), O_DIRECT) shows where each write began and ended. */
static void
log_into_packets(void)
{
	int pipefd[2], said = dup(STDERR_FILENO), lines = 0;
	char packet[PIPE_BUF + 1];
	ssize_t n;

	CHILD_CHECK(pipe2(pipefd, O_CLOEXEC | O_DIRECT | O_NONBLOCK) == 0);
	dup2(pipefd[1], STDERR_FILENO);
	log_init("tool", LOG_LEVEL_INFO, false);
	for (int i = 0; i < 500; i++)
		log_info("%.*s", i % 97,
		    "0123456789012345678901234567890123456789012345678901234567890123456789"
		    "012345678901234567890123456789");
	log_flush();
	dup2(said, STDERR_FILENO);
	while ((n = read(pipefd[0], packet, sizeof(packet))) > 0) {
		CHILD_CHECK(n <= PIPE_BUF && strncmp(packet, "tool: info: ", 12) == 0 &&
		    packet[n - 1] == '\n');
		for (ssize_t i = 0; i < n; i++)
			lines += packet[i] == '\n';
	}
	CHILD_CHECK(lines == 500);
}

static void
lines_are_written_in_whole_pieces_a_pipe_takes_at_once(void **state)
{
	(void)state;
	expect_well(log_into_packets);
}

static void
log_to_nobody(void)
{
	int pipefd[2], said = dup(STDERR_FILENO);

	signal(SIGPIPE, SIG_IGN);
	CHILD_CHECK(pipe2(pipefd, O_CLOEXEC) == 0);
	close(pipefd[0]);
	dup2(pipefd[1], STDERR_FILENO);
	log_init("tool", LOG_LEVEL_INFO, false);
	for (int i = 0; i < 3000; i++)
		log_info("line %d 0123456789012345678901234567890", i);
	log_warn("and a warning");
	close(STDERR_FILENO);
	log_warn("standard error is closed");
	log_from_thread(LOG_LEVEL_WARN, "still");
	dup2(said, STDERR_FILENO);
}

static void
a_reader_that_is_gone_hurts_nobody(void **state)
{
	(void)state;
	expect_well(log_to_nobody);
}

static void *
log_a_lot(void *arg)
{
	for (int i = 0; i < 300; i++)
		log_from_thread(LOG_LEVEL_INFO, "thread %s %03d 01234567890123456789",
		    (const char *)arg, i);
	return NULL;
}

static void
lines_of_threads_stay_whole(void **state)
{
	pthread_t thread[2];
	const char *got;
	int n = 0, number;
	char name;

	(void)state;
	catch_stderr();
	log_init("tool", LOG_LEVEL_INFO, false);
	pthread_create(&thread[0], NULL, log_a_lot, "a");
	pthread_create(&thread[1], NULL, log_a_lot, "b");
	log_a_lot("c");
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	got = caught_stderr();
	for (const char *p = got; *p != '\0'; p = strchr(p, '\n') + 1, n++)
		assert_int_equal(sscanf(p, "tool: info: thread %c %d 01234567890123456789\n",
		    &name, &number), 2);
	assert_int_equal(n, 900);
}

static void
die_of_enoent(void)
{
	log_init("tool", LOG_LEVEL_INFO, false);
	log_info("before");
	errno = ENOENT;
	die(EXIT_TEMP, "open %s", "file");
}

static void
diex_of_usage(void)
{
	log_init("tool", LOG_LEVEL_ERROR, false);
	errno = ENOENT;
	diex(EXIT_USAGE, "-p %d: no", 7);
}

static void
dying_flushes_says_why_and_exits(void **state)
{
	struct outcome o = in_child(die_of_enoent);

	(void)state;
	assert_int_equal(o.code, 111);
	assert_string_equal(o.err,
	    "tool: info: before\ntool: error: open file: No such file or directory\n");
	o = in_child(diex_of_usage);
	assert_int_equal(o.code, 100);
	assert_string_equal(o.err, "tool: error: -p 7: no\n");
}

static void
log_in_vain(void)
{
	int pipefd[2], said = dup(STDERR_FILENO);

	signal(SIGPIPE, SIG_IGN);
	CHILD_CHECK(pipe2(pipefd, O_CLOEXEC) == 0);
	close(pipefd[0]);
	dup2(pipefd[1], STDERR_FILENO);
	log_init("tool", LOG_LEVEL_INFO, false);
	errno = EPERM;
	log_warn("x");
	int after = errno;

	dup2(said, STDERR_FILENO);
	CHILD_CHECK(after == EPERM);
}

static void
logging_leaves_errno_alone(void **state)
{
	(void)state;
	expect_well(log_in_vain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_is_logged_as_printable_text_that_tells_it),
		cmocka_unit_test(absent_is_a_dash_and_empty_is_two_quotes),
		cmocka_unit_test(one_odd_byte_quotes_the_whole_value),
		cmocka_unit_test(a_value_over_256_bytes_is_cut_and_the_worst_one_fits),
		cmocka_unit_test(no_raw_control_or_foreign_byte_gets_into_any_line),
		cmocka_unit_test(lines_are_gathered_until_they_are_flushed),
		cmocka_unit_test(a_line_alone_is_written_in_its_turn_and_many_a_few_times_a_second),
		cmocka_unit_test(a_warning_is_written_at_once_behind_what_was_gathered),
		cmocka_unit_test(levels_not_wanted_are_not_written),
		cmocka_unit_test(a_line_too_long_is_cut_and_keeps_its_newline),
		cmocka_unit_test(a_time_stamp_is_rfc_3339_in_utc),
		cmocka_unit_test(more_than_the_buffer_holds_flushes_itself),
		cmocka_unit_test(lines_a_full_pipe_has_no_room_for_are_dropped_whole_and_counted),
		cmocka_unit_test(what_was_dropped_last_is_counted_though_no_line_follows),
		cmocka_unit_test(lines_a_full_disk_has_no_room_for_are_counted),
		cmocka_unit_test(a_thread_does_not_wait_for_room_either),
		cmocka_unit_test(lines_are_written_in_whole_pieces_a_pipe_takes_at_once),
		cmocka_unit_test(a_reader_that_is_gone_hurts_nobody),
		cmocka_unit_test(lines_of_threads_stay_whole),
		cmocka_unit_test(dying_flushes_says_why_and_exits),
		cmocka_unit_test(logging_leaves_errno_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
