/* SPDX-License-Identifier: ISC */
/* For the tests of routes files: files in memory, what is reported about them, answers as text. */
#ifndef ROUTES_HELP_H
#define ROUTES_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "routes.h"

#define UNUSED __attribute__((unused))

/* ---- a file in memory, and what is reported about it ---- */

#define PATH_SIZE 64

static char said[1 << 16];	/* the reports, each after a newline, "f" instead of the path */

UNUSED static void
listen_to_report(void *arg, const char *text)
{
	const char *path = arg;
	size_t n = strlen(said);

	assert_memory_equal(text, path, strlen(path));
	snprintf(said + n, sizeof(said) - n, "\nf%s", text + strlen(path));
}

UNUSED static int
file_of(const void *bytes, size_t len, char path[static PATH_SIZE])
{
	int fd = memfd_create("routes_test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	snprintf(path, PATH_SIZE, "/proc/self/fd/%d", fd);
	return fd;
}

UNUSED static enum routes_result
load_path(char *path, struct routes **out)
{
	said[0] = '\0';
	return routes_load(path, listen_to_report, path, out);
}

UNUSED static struct routes *
load_bytes(const void *bytes, size_t len)
{
	char path[PATH_SIZE];
	int fd = file_of(bytes, len, path);
	struct routes *r;
	enum routes_result result = load_path(path, &r);

	close(fd);
	assert_int_equal(result, r != NULL ? ROUTES_LOADED : ROUTES_REFUSED);
	assert_int_equal(r == NULL, said[0] != '\0');
	return r;
}

UNUSED static struct routes *
load(const char *text)
{
	struct routes *r = load_bytes(text, strlen(text));

	assert_string_equal(said, "");
	return r;
}

UNUSED static void
expect_refused(const char *text, const char *reports)
{
	/* two descriptors, the file's and the table's, are free again afterwards */
	int first = dup(STDIN_FILENO), second = dup(STDIN_FILENO);

	close(first);
	close(second);
	assert_null(load_bytes(text, strlen(text)));
	assert_string_equal(said, reports);
	assert_int_equal(dup(STDIN_FILENO), first);
	assert_int_equal(dup(STDIN_FILENO), second);
	close(first);
	close(second);
}

/* Sorted files: path must live as long as the table. */
UNUSED static struct routes *
open_sorted(const char *text, char path[static PATH_SIZE])
{
	int fd = file_of(text, strlen(text), path);
	struct routes *r;

	said[0] = '\0';
	assert_int_equal(routes_open_sorted(path, listen_to_report, path, &r), ROUTES_LOADED);
	close(fd);	/* the table has its own */
	return r;
}

/* ---- look-ups, as one line of text ---- */

static char answer[4096];

UNUSED static const struct slice absent;

static size_t
show(size_t n, const char *key, struct slice value)
{
	if (value.p == NULL)
		return n;
	return n + (size_t)snprintf(answer + n, sizeof(answer) - n, " %s=" SLICE_FMT, key,
	    SLICE_ARG(value));
}

UNUSED static const char *
find_alpn(const struct routes *r, enum routes_kind kind, const char *name, const char *alpn)
{
	struct route out;
	size_t n;
	int rank = routes_find(r, kind, slice_str(name), slice_str(alpn), &out);

	if (rank < ROUTES_DEFAULT)
		return "none";
	n = (size_t)snprintf(answer, sizeof(answer),
	    "%d " SLICE_FMT ":%u " SLICE_FMT "=" SLICE_FMT, rank, SLICE_ARG(out.name),
	    routes_line_number(r, &out), SLICE_ARG(out.key), SLICE_ARG(out.targets));
	n = show(n, "alpn", out.alpn);
	n = show(n, "allow", out.allow);
	n = show(n, "deny", out.deny);
	n = show(n, "as", out.as);
	if (out.max != 0)
		n += (size_t)snprintf(answer + n, sizeof(answer) - n, " max=%u", (unsigned)out.max);
	if (out.proxy != PROXYHDR_NONE)
		n += (size_t)snprintf(answer + n, sizeof(answer) - n, " proxy=%d", (int)out.proxy);
	if (out.balance != BALANCE_LEAST)
		snprintf(answer + n, sizeof(answer) - n, " balance=%d", (int)out.balance);
	return answer;
}

UNUSED static const char *
find(const struct routes *r, enum routes_kind kind, const char *name)
{
	return find_alpn(r, kind, name, NULL);
}

#endif
