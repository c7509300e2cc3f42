/* SPDX-License-Identifier: ISC */
/* Tests of lib/file.c: what may be read, and who else might read it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "file.h"

#define NOBODY 65534

static char path[64], why[FILE_WHY_MAX];

static int
make_path(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/file_test.XXXXXX");
	fd = mkstemp(path);
	return fd == -1 ? -1 : close(fd);
}

static int
remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static void
put(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
a_file_is_read_whole_and_ended_by_a_nul(void **state)
{
	size_t len;
	char *text;

	(void)state;
	put("abc\n", 0644);
	text = file_read(path, 4, false, &len, why);
	assert_non_null(text);
	assert_int_equal(len, 4);
	assert_string_equal(text, "abc\n");
	free(text);
	put("", 0644);
	text = file_read(path, 0, false, &len, why);
	assert_non_null(text);
	assert_int_equal(len, 0);
	assert_string_equal(text, "");
	free(text);
}

static void
assert_refused(size_t max, bool secret, int error, const char *reason)
{
	size_t len;

	errno = EIO;
	assert_null(file_read(path, max, secret, &len, why));
	assert_int_equal(errno, error);
	assert_string_equal(why, reason);
}

static void
what_is_too_big_or_no_plain_file_or_not_there_is_told(void **state)
{
	char kept[sizeof(path)];

	(void)state;
	put("abcde", 0600);
	assert_refused(4, false, 0, "over 4 bytes");
	memcpy(kept, path, sizeof(path));
	snprintf(path, sizeof(path), "/tmp");
	assert_refused(4, false, 0, "not a plain file");
	snprintf(path, sizeof(path), "/tmp/there/is/none");
	assert_refused(4, false, ENOENT, "No such file or directory");
	memcpy(path, kept, sizeof(path));
}

static void
a_secret_others_can_get_at_is_refused_whatever_they_can_do(void **state)
{
	char reason[FILE_WHY_MAX];
	size_t len;

	(void)state;
	for (mode_t bit = 1; bit <= 040; bit <<= 1) {
		put("abc", 0600 | bit);
		snprintf(reason, sizeof(reason), "mode %04o is accessible by others: chmod 600",
		    0600 | (unsigned)bit);
		assert_refused(4, true, 0, reason);
		free(file_read(path, 4, false, &len, why));
	}
	put("abc", 0400);
	free(file_read(path, 4, true, &len, why));
	assert_string_equal(why, "");
}

static void
a_secret_of_roots_may_be_for_our_group(void **state)
{
	size_t len;
	char *text;

	(void)state;
	if (geteuid() != 0)
		skip();
	put("abc", 0440);
	assert_int_equal(chown(path, 0, NOBODY), 0);
	assert_int_equal(setegid(NOBODY), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	text = file_read(path, 4, true, &len, why);
	assert_non_null(text);
	free(text);
	assert_int_equal(seteuid(0), 0);
	put("abc", 0460);		/* which the group could write */
	assert_int_equal(seteuid(NOBODY), 0);
	assert_refused(4, true, 0, "mode 0460 is accessible by others: chmod 600");
	assert_int_equal(seteuid(0), 0);
	put("abc", 0440);
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	assert_int_equal(seteuid(NOBODY), 0);
	assert_refused(4, true, 0, "mode 0440 is accessible by others: chmod 600");
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_whole_and_ended_by_a_nul),
		cmocka_unit_test(what_is_too_big_or_no_plain_file_or_not_there_is_told),
		cmocka_unit_test(a_secret_others_can_get_at_is_refused_whatever_they_can_do),
		cmocka_unit_test(a_secret_of_roots_may_be_for_our_group),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
