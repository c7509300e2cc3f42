/* SPDX-License-Identifier: ISC */
/* Tests of lib/replace.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "replace.h"

static char folder[] = "/tmp/replace_test.XXXXXX";
static char path[sizeof(folder) + 8];

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static unsigned
count_files(void)
{
	DIR *d = opendir(folder);
	unsigned n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static void
check_file(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "r");
	char got[64] = "";
	struct stat st;

	assert_non_null(f);
	(void)!fread(got, 1, sizeof(got) - 1, f);
	fclose(f);
	assert_string_equal(got, text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, mode);
	assert_int_equal(count_files(), 1);
}

static bool meddling;

/* As libc's, but that somebody else may write to the file in the instant after it. */
int
rename(const char *from, const char *to)
{
	int result = renameat(AT_FDCWD, from, AT_FDCWD, to), fd;

	if (result == 0 && meddling) {
		fd = open(to, O_WRONLY | O_APPEND | O_CLOEXEC);
		assert_int_equal(write(fd, "!", 1), 1);
		close(fd);
	}
	return result;
}

static void
the_stamp_is_that_of_our_text(void **state)
{
	struct stamp stamp, now;

	(void)state;
	for (int i = 0; i < 2; i++) {
		meddling = i == 1;
		assert_int_equal(replace_file(path, 0644, slice_str("ours"), &stamp), 0);
		now = stamp_of(path);
		assert_true(stamp_same(&stamp, &now) == !meddling);
		check_file(meddling ? "ours!" : "ours", 0644);
	}
	meddling = false;
}

static void
a_file_is_made_and_replaced_with_the_mode_asked_for(void **state)
{
	(void)state;
	umask(077);
	assert_int_equal(replace_file(path, 0644, slice_str("one\n"), NULL), 0);
	check_file("one\n", 0644);
	assert_int_equal(replace_file(path, 0600, slice_str("two\n"), NULL), 0);
	check_file("two\n", 0600);
	assert_int_equal(replace_file(path, 0600, slice_of(NULL, 0), NULL), 0);
	check_file("", 0600);
}

static void
who_has_the_old_file_open_keeps_it(void **state)
{
	char got[8] = "";
	FILE *f;

	(void)state;
	assert_int_equal(replace_file(path, 0600, slice_str("old"), NULL), 0);
	f = fopen(path, "r");
	assert_int_equal(replace_file(path, 0600, slice_str("new"), NULL), 0);
	assert_int_equal(fread(got, 1, sizeof(got), f), 3);
	assert_string_equal(got, "old");
	fclose(f);
}

static void
a_failure_leaves_nothing_behind(void **state)
{
	char in_nothing[64];

	(void)state;
	assert_int_equal(replace_file(path, 0600, slice_str("x"), NULL), 0);
	snprintf(in_nothing, sizeof(in_nothing), "%s/none/file", folder);
	assert_int_equal(replace_file(in_nothing, 0600, slice_str("x"), NULL), -1);
	assert_int_equal(errno, ENOENT);
	/* rename onto a folder */
	assert_int_equal(replace_file(folder, 0600, slice_str("x"), NULL), -1);
	assert_int_equal(errno, EISDIR);
	check_file("x", 0600);
}

static void
a_created_file_takes_nobodys_place(void **state)
{
	(void)state;
	unlink(path);
	umask(0777);
	assert_int_equal(create_file(path, 0600, slice_str("one")), 0);
	check_file("one", 0600);
	assert_int_equal(create_file(path, 0644, slice_str("two")), -1);
	assert_int_equal(errno, EEXIST);
	check_file("one", 0600);
	unlink(path);
	assert_int_equal(symlink("nowhere", path), 0);
	assert_int_equal(create_file(path, 0600, slice_str("two")), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(count_files(), 1);
	umask(077);
}

/* By SIGXFSZ in the middle of the text, which leaves no time to clean up. */
static void
whoever_is_killed_leaves_nothing_behind(void **state)
{
	struct rlimit few = { 4, 4 };
	int fd = open(folder, O_TMPFILE | O_WRONLY, 0600), status;
	pid_t pid;

	(void)state;
	if (fd == -1)
		skip();		/* this file system has no files without names */
	close(fd);
	unlink(path);
	assert_int_equal(replace_file(path, 0600, slice_str("old"), NULL), 0);
	pid = fork();
	if (pid == 0) {
		signal(SIGXFSZ, SIG_DFL);
		setrlimit(RLIMIT_FSIZE, &few);
		replace_file(path, 0600, slice_str("new text"), NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGXFSZ);
	check_file("old", 0600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stamp_is_that_of_our_text),
		cmocka_unit_test(a_file_is_made_and_replaced_with_the_mode_asked_for),
		cmocka_unit_test(who_has_the_old_file_open_keeps_it),
		cmocka_unit_test(a_failure_leaves_nothing_behind),
		cmocka_unit_test(whoever_is_killed_leaves_nothing_behind),
		cmocka_unit_test(a_created_file_takes_nobodys_place),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
