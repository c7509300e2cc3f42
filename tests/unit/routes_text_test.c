/* SPDX-License-Identifier: ISC */
/* Tests of what lib/routes offers to those who write routes files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "routes.h"

/*
 * The canonical form of an exact-size heap copy, in as much room as the line has; static.
 * "no: WORD WHY" when refused.
 */
static const char *
canonical(const char *line)
{
	static char result[ROUTES_WHY_MAX + 16];
	size_t n = strlen(line);
	char *copy = malloc(n), *out = malloc(n);
	struct routes_why why = { .word = 99 };
	struct routes_text text;

	memcpy(copy, line, n);
	if (!routes_line_canonical(slice_of(copy, n), out, &text, &why)) {
		snprintf(result, sizeof(result), "no: %u %s", why.word, why.text);
	} else {
		snprintf(result, sizeof(result), SLICE_FMT, SLICE_ARG(text.line));
		assert_true((text.line.p == NULL) == (text.line.len == 0));
		assert_int_equal(text.line.len,
		    text.line.p == NULL ? 0 : text.name.len + 1 + text.fields.len);
	}
	free(copy);
	free(out);
	return result;
}

static void
a_line_has_one_canonical_form(void **state)
{
	(void)state;
	assert_string_equal(canonical("a tls=h:1"), "a tls=h:1");
	assert_string_equal(canonical("\t Www.Example.ORG.\t tls=H:1   proxy=v2 # so\r"),
	    "www.example.org tls=H:1 proxy=v2");
	assert_string_equal(canonical("*.Example. tls=h:1"), "*.example tls=h:1");
	assert_string_equal(canonical("unix:/Run/X. tcp=h:1"), "unix:/Run/X. tcp=h:1");
	assert_string_equal(canonical(""), "");
	assert_string_equal(canonical(" # tls=h:1"), "");
}

static void
a_line_that_would_be_refused_in_a_file_is_refused(void **state)
{
	static const struct {
		const char *line, *no;
	} cases[] = {
		{ "a", "no: 0 " },
		{ "a tls=h", "no: 1 " },
		{ "a tls=h:1 tls=h:2", "no: 0 " },
		{ "a tls=h:1 x=y", "no: 2 " },
		{ "a_.- tls=h:1", "no: 0 " },
		{ "a\ntls=h:1", "no: 0 " },
		{ "a tls=h:1\nb tls=h:2", "no: 0 " },
		{ ":80 tls=h:1", "no: 1 " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_memory_equal(canonical(cases[i].line), cases[i].no, 6);
}

static void
a_loaded_table_gives_back_its_text(void **state)
{
	static const char text[] = "# first\n\nb tls=h:1\na tls=h:2";
	int fd = memfd_create("routes_text_test", 0);
	struct routes *r;
	char path[64];

	(void)state;
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(routes_load(path, NULL, NULL, &r), ROUTES_LOADED);
	assert_true(slice_is(routes_whole_text(r), text));
	routes_free(r);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_one_canonical_form),
		cmocka_unit_test(a_line_that_would_be_refused_in_a_file_is_refused),
		cmocka_unit_test(a_loaded_table_gives_back_its_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
