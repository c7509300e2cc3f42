/* SPDX-License-Identifier: ISC */
/* Tests of tunneld/authfile.c: what a line gives, and what makes a file refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../tunneld/authfile.h"

#define ID_A "ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sq"
#define ID_B "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SECRET "secret=sha256:" HASH_OF_ABC
#define L60 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvw."
#define NOTHING "neither an id (52 characters a-z and 2-7) nor secret=sha256:HEX"

static char said[1 << 16];

/* For the sanitizer's malloc: NULL like any other's. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void
on_report(void *arg, const char *text)
{
	assert_ptr_equal(arg, said);
	snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s\n", text);
}

/* Of an exact-size heap copy that is gone when the grants are looked at. */
static bool
parse_bytes(const char *text, size_t len, struct grant **out)
{
	char *copy = malloc(len);
	bool ok;

	memcpy(copy, text, len);
	said[0] = '\0';
	ok = authfile_parse("f", slice_of(copy, len), on_report, said, out);
	free(copy);
	assert_int_equal(ok, said[0] == '\0');
	if (!ok)
		assert_null(*out);
	return ok;
}

static struct grant *
parse(const char *text)
{
	struct grant *out;

	parse_bytes(text, strlen(text), &out);
	assert_string_equal(said, "");
	return out;
}

static void
expect_refused(const char *text, const char *reports)
{
	struct grant *out;

	assert_false(parse_bytes(text, strlen(text), &out));
	assert_string_equal(said, reports);
}

static void
assert_text(struct slice s, const char *text)
{
	assert_int_equal(s.len, strlen(text));
	assert_memory_equal(s.p, text, s.len);
}

static void
a_line_gives_all_it_says(void **state)
{
	struct grant *g = parse(ID_A " names=www.example.org,*.example.org sessions=3 streams=7 "
	    "from=10.0.0.0/8,::1 expires=2027-01-31 # Alice\n");

	(void)state;
	assert_null(g->next);
	assert_int_equal(g->line, 1);
	assert_false(g->by_secret);
	assert_string_equal(g->id, ID_A);
	assert_text(g->names, "www.example.org,*.example.org");
	assert_int_equal(g->sessions, 3);
	assert_int_equal(g->streams, 7);
	assert_text(g->from, "10.0.0.0/8,::1");
	assert_int_equal(g->expires, 1801440000);	/* date -u -d 2027-02-01 +%s */
	grants_free(g);
}

static void
an_id_alone_has_the_defaults(void **state)
{
	struct grant *g = parse(ID_A);

	(void)state;
	assert_null(g->names.p);
	assert_null(g->from.p);
	assert_int_equal(g->sessions, 1);
	assert_int_equal(g->streams, 1024);
	assert_true(g->expires == INT64_MAX);
	grants_free(g);
}

static void
options_come_in_any_order_and_apart_by_blanks(void **state)
{
	struct grant *g = parse(" \t" ID_A "\t streams=9  names=a.example\t\tsessions=2 \t");

	(void)state;
	assert_string_equal(g->id, ID_A);
	assert_int_equal(g->streams, 9);
	assert_int_equal(g->sessions, 2);
	assert_text(g->names, "a.example");
	grants_free(g);
}

static void
lines_keep_their_order_and_number(void **state)
{
	struct grant *g = parse("# two clients\n\n" ID_B "\n   \t# more\n" ID_A " names=a.example");

	(void)state;
	assert_string_equal(g->id, ID_B);
	assert_int_equal(g->line, 3);
	assert_string_equal(g->next->id, ID_A);
	assert_int_equal(g->next->line, 5);
	assert_null(g->next->next);
	grants_free(g);
}

static void
a_file_without_clients_is_good(void **state)
{
	(void)state;
	assert_null(parse(""));
	assert_null(parse("\n\n# nobody\n   # here\n\r\n"));
}

static void
lines_may_end_in_cr_lf(void **state)
{
	struct grant *g = parse(ID_A " names=a.example\r\n" ID_B "\r\n");

	(void)state;
	assert_text(g->names, "a.example");
	assert_string_equal(g->next->id, ID_B);
	grants_free(g);
}

static void
a_comment_begins_only_where_a_field_does(void **state)
{
	struct grant *g = parse(ID_A " names=a.example #names=b.example sessions=x \xc3\xa9\n");

	(void)state;
	assert_text(g->names, "a.example");
	grants_free(g);
	expect_refused(ID_A " names=a.example#b\n",
	    "f:1: bad name \"a.example#b\" in names=: neither a host name nor *.SUFFIX\n");
	expect_refused(ID_A "# Alice\n", "f:1: " NOTHING "\n");
}

static void
a_secret_is_given_by_its_hash(void **state)
{
	struct grant *g = parse(SECRET " names=a.example sessions=2\n");

	(void)state;
	assert_true(g->by_secret);
	assert_string_equal(g->id, "");
	assert_int_equal(g->secret[0], 0xba);
	assert_int_equal(g->secret[1], 0x78);
	assert_int_equal(g->secret[31], 0xad);
	assert_int_equal(g->sessions, 2);
	assert_text(g->names, "a.example");
	grants_free(g);
}

static void
hexadecimal_digits_may_be_upper_case(void **state)
{
	static const char line[] =
	    "secret=sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD "
	    "names=a";
	struct grant *g = parse(line);

	(void)state;
	assert_int_equal(g->secret[0], 0xba);
	assert_int_equal(g->secret[31], 0xad);
	grants_free(g);
}

/* As routesync --secrets writes it: one line a secret, whatever number of names it has. */
static void
the_file_routesync_writes_is_taken(void **state)
{
	static char text[200000] = SECRET " names=";
	struct slice rest, name;
	struct grant *g;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 5000; i++)
		sprintf(text + strlen(text), "%shost%d.services.example.org", i == 0 ? "" : ",", i);
	strcat(text, "\n");
	g = parse(text);
	for (rest = g->names; (name = grant_next_name(&rest)).p != NULL;)
		n++;
	assert_int_equal(n, 5000);
	grants_free(g);
	g = parse(SECRET " names=a.example,c.example\n"
	    "secret=sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa "
	    "names=b.example\n");
	assert_text(g->names, "a.example,c.example");
	assert_text(g->next->names, "b.example");
	grants_free(g);
}

static void
names_are_normalised_one_by_one(void **state)
{
	struct grant *g = parse(ID_A " names=WWW.Example.ORG.,*.EXAMPLE.net.,a");
	struct slice rest = g->names;

	(void)state;
	assert_text(g->names, "www.example.org,*.example.net,a");
	assert_text(grant_next_name(&rest), "www.example.org");
	assert_text(grant_next_name(&rest), "*.example.net");
	assert_text(grant_next_name(&rest), "a");
	assert_null(grant_next_name(&rest).p);
	assert_null(grant_next_name(&rest).p);
	grants_free(g);
}

static void
who_is_neither_id_nor_secret_is_refused_without_showing_it(void **state)
{
	static const char *const lines[] = {
		"a", "names=a.example", "aaaa names=a.example",
		ID_A "a", "UCRDFQXRSSSTKU6LCMIN3PAIEHSBJOOX5P6CSCZSGCCNPUICB7SQ",
		"ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7s1",
		"ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sb",	/* 257 bits */
		"Secret=sha256:" HASH_OF_ABC " names=a",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		expect_refused(lines[i], "f:1: " NOTHING "\n");
}

static void
a_secret_that_is_no_hash_is_refused_without_showing_it(void **state)
{
	static const char *const lines[] = {
		"secret=hunter2 names=a", "secret= names=a", "secret=my hunter2 pass=word",
		"secret=sha256: names=a", "secret=" HASH_OF_ABC " names=a",
		"secret=sha256:" HASH_OF_ABC "0 names=a",
		"secret=sha256:a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad "
		"names=a",
		"secret=sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad "
		"names=a",
		"secret=sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a/ "
		"names=a",
		"secret=sha512:" HASH_OF_ABC " names=a",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		expect_refused(lines[i], "f:1: secret= is not sha256: and 64 hexadecimal digits\n");
	expect_refused(ID_A " secret=hunter2",
	    "f:1: secret= behind another field: it begins a line of its own\n");
}

static void
a_secret_needs_names(void **state)
{
	(void)state;
	expect_refused(SECRET " sessions=2",
	    "f:1: names= is missing: a secret has no name of its own\n");
}

static void
every_prefix_of_an_id_or_a_secret_is_refused(void **state)
{
	static const char *const whole[] = { ID_A, SECRET };
	struct grant *out;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (size_t n = 1; n < strlen(whole[i]); n++)
			assert_false(parse_bytes(whole[i], n, &out));
}

/*
 * Every prefix of a whole line either is good by itself or refused; nothing is read past its end.
 */
static void
every_prefix_of_a_line_is_judged(void **state)
{
	static const char line[] = ID_A
	    " names=a.example,*.b.example sessions=3 streams=7 from=10.0.0.0/8,::1"
	    " expires=2027-01-31 # x";
	struct grant *out;
	size_t good = 0;

	(void)state;
	for (size_t n = 0; n < sizeof(line); n++)
		if (parse_bytes(line, n, &out)) {
			good++;
			grants_free(out);
		}
	assert_in_range(good, 20, 60);
}

static void
bad_names_are_refused(void **state)
{
	(void)state;
	expect_refused(ID_A " names=a..b",
	    "f:1: bad name a..b in names=: neither a host name nor *.SUFFIX\n");
	expect_refused(ID_A " names=a.example,192.0.2.1",
	    "f:1: bad name 192.0.2.1 in names=: neither a host name nor *.SUFFIX\n");
	expect_refused(ID_A " names=*a.example",
	    "f:1: bad name *a.example in names=: neither a host name nor *.SUFFIX\n");
	expect_refused(ID_A " names=*.*.example",
	    "f:1: bad name *.*.example in names=: neither a host name nor *.SUFFIX\n");
	expect_refused(ID_A " names=*.",
	    "f:1: bad name *. in names=: neither a host name nor *.SUFFIX\n");
	expect_refused(ID_A " names=*", "f:1: * in names=: a pattern is *.SUFFIX\n");
	expect_refused(ID_A " names=a.example,", "f:1: empty item in names=\n");
	expect_refused(ID_A " names=,a.example", "f:1: empty item in names=\n");
	expect_refused(ID_A " names=", "f:1: names= is empty\n");
	expect_refused(ID_A " names=b\xc3\xbc" "cher.example",
	    "f:1: bad name \"b\\u00c3\\u00bccher.example\" in names=: neither a host name nor "
	    "*.SUFFIX\n");
}

static void
names_shaped_like_an_id_are_nobodys(void **state)
{
	static const char *const names[] = { ID_B, ID_B ".example", "*." ID_B,
		"*." ID_B ".example" };
	char line[300], reason[300];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(line, sizeof(line), ID_A " names=a.example,%s", names[i]);
		snprintf(reason, sizeof(reason),
		    "f:1: name %s in names=: names shaped like an id are reserved\n", names[i]);
		expect_refused(line, reason);
	}
	expect_refused(ID_A " names=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.example.",
	    "f:1: name AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.example. in names=: "
	    "names shaped like an id are reserved\n");
	/* below it, it is a name like others */
	grants_free(parse(ID_A " names=www." ID_B ".example"));
}

static void
a_name_given_twice_in_one_list_is_refused(void **state)
{
	(void)state;
	expect_refused(ID_A " names=a.example,b.example,A.example.",
	    "f:1: name a.example given twice in names=\n");
	/* two clients may share one */
	grants_free(parse(ID_A " names=a.example\n" ID_B " names=a.example\n"));
}

static void
an_id_has_as_many_names_as_a_welcome_carries(void **state)
{
	static char line[65536] = ID_A " names=n";

	(void)state;
	for (unsigned i = 1; i < AUTHFILE_NAMES_MAX; i++)
		sprintf(line + strlen(line), ",n%u", i);
	grants_free(parse(line));
	strcat(line, ",x");
	expect_refused(line, "f:1: names= longer than 255 names or 49152 bytes\n");
	strcpy(line, ID_A " names=" L60 L60 L60 L60 "n");
	for (unsigned i = 1; i < 202; i++)
		sprintf(line + strlen(line), "," L60 L60 L60 L60 "n%u", i);
	expect_refused(line, "f:1: names= longer than 255 names or 49152 bytes\n");
}

static void
unknown_and_repeated_options_are_refused(void **state)
{
	(void)state;
	expect_refused(ID_A " name=a.example", "f:1: unknown option name=\n");
	expect_refused(ID_A " Names=a.example", "f:1: unknown option Names=\n");
	expect_refused(ID_A " =a", "f:1: unknown option \"\"=\n");
	expect_refused(ID_A " a.example", "f:1: a.example is not OPTION=VALUE\n");
	expect_refused(ID_A " names=a names=b", "f:1: names= given twice\n");
	expect_refused(ID_A " sessions=1 streams=1 sessions=1", "f:1: sessions= given twice\n");
	expect_refused(ID_A " a\x80=b", "f:1: unknown option \"a\\u0080\"=\n");
}

static void
numbers_out_of_range_are_refused(void **state)
{
	static const char *const bad[] = { "0", "-1", "+1", "1x", "0x1", "65537",
		"18446744073709551617", "1,2" };
	char line[200], reason[200];
	struct grant *g;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(line, sizeof(line), ID_A " sessions=%s\n" ID_B " streams=%s\n",
		    bad[i], bad[i]);
		snprintf(reason, sizeof(reason),
		    "f:1: bad number %s in sessions=: not from 1 to 65536\n"
		    "f:2: bad number %s in streams=: not from 1 to 65536\n", bad[i], bad[i]);
		expect_refused(line, reason);
	}
	g = parse(ID_A " sessions=65536 streams=65536");
	assert_int_equal(g->sessions, 65536);
	assert_int_equal(g->streams, 65536);
	grants_free(g);
}

static void
networks_are_checked(void **state)
{
	(void)state;
	expect_refused(ID_A " from=10.0.0.0/33", "f:1: bad network 10.0.0.0/33 in from=\n");
	expect_refused(ID_A " from=10.0.0.1,localhost", "f:1: bad network localhost in from=\n");
	expect_refused(ID_A " from=10.0.0.1,", "f:1: empty item in from=\n");
	expect_refused(ID_A " from=", "f:1: from= is empty\n");
}

static int64_t
expires(const char *date)
{
	struct grant *g;
	char line[128];
	int64_t t;

	snprintf(line, sizeof(line), ID_A " expires=%s", date);
	g = parse(line);
	t = g->expires;
	grants_free(g);
	return t;
}

/* By date -u -d "DATE + 1 day" +%s. */
static void
a_date_holds_to_its_end_in_utc(void **state)
{
	(void)state;
	setenv("TZ", "America/New_York", 1);
	assert_int_equal(expires("1970-01-01"), 86400);
	assert_int_equal(expires("1969-12-31"), 0);
	assert_int_equal(expires("2000-02-29"), 951868800);
	assert_int_equal(expires("2024-02-29"), 1709251200);
	assert_int_equal(expires("2026-12-31"), 1798761600);
	assert_int_equal(expires("2038-01-19"), 2147558400);
	assert_int_equal(expires("2100-02-28"), 4107542400);
	assert_true(expires("9999-12-31") == 253402300800);
	assert_true(expires("0001-01-01") == -62135510400);
	unsetenv("TZ");
}

static void
what_is_no_date_is_refused(void **state)
{
	static const char *const bad[] = {
		"2026-02-29", "2100-02-29", "1900-02-29", "2026-04-31", "2026-00-01", "2026-13-01",
		"2026-01-00", "2026-01-32", "0000-01-01", "2026-1-01", "2026-01-1", "2026-01-011",
		"20260101", "2026/01-01", "2026-01/01",
		"2026-01-01T00:00", "26-01-01", "tomorrow", "-026-01-01", "2026-+1-01",
		"2026-01--1", "10000-01-01", "2026-03-32", "2026-05-32", "2026-06-31", "2026-07-32",
		"2026-08-32", "2026-09-31", "2026-10-32", "2026-11-31", "2026-12-32",
	};
	char line[200], reason[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(line, sizeof(line), ID_A " expires=%s", bad[i]);
		snprintf(reason, sizeof(reason), "f:1: bad date %s in expires=: not YYYY-MM-DD\n",
		    bad[i]);
		expect_refused(line, reason);
	}
}

static void
every_prefix_of_a_date_is_refused(void **state)
{
	static const char line[] = ID_A " expires=2027-01-31";
	struct grant *out;

	(void)state;
	for (size_t n = sizeof(ID_A " expires=") - 1; n < sizeof(line) - 1; n++)
		assert_false(parse_bytes(line, n, &out));
}

static void
one_id_or_secret_on_two_lines_names_the_earlier_line(void **state)
{
	(void)state;
	expect_refused("\n" ID_A "\n" ID_B "\n" ID_A " names=a.example\n",
	    "f:4: the same id as in line 2\n");
	expect_refused(SECRET " names=a\n\n\n" SECRET " names=b\n",
	    "f:4: the same secret as in line 1\n");
}

static void
every_bad_line_is_reported_and_nothing_is_given(void **state)
{
	struct grant *out;

	(void)state;
	expect_refused("x\n" ID_A "\n" ID_B " sessions=0\n" ID_A " streams=1\ny",
	    "f:1: " NOTHING "\nf:3: bad number 0 in sessions=: not from 1 to 65536\n"
	    "f:4: the same id as in line 2\nf:5: " NOTHING "\n");
	assert_false(authfile_parse("f", slice_str("x\n"), NULL, NULL, &out));
	assert_null(out);
}

/* No table has room for as many clients as this text might name: it is not even looked at. */
static void
a_lack_of_memory_is_no_bad_line(void **state)
{
	struct grant *out;

	(void)state;
	if (SIZE_MAX == UINT32_MAX)
		skip();		/* the table for the longest text fits into memory */
	said[0] = '\0';
	errno = 0;
	assert_false(authfile_parse("f", slice_of("x", SIZE_MAX / 8), on_report, said, &out));
	assert_int_equal(errno, ENOMEM);
	assert_string_equal(said, "");
	assert_null(out);
	assert_false(authfile_parse("f", slice_str("x"), on_report, said, &out));
	assert_int_equal(errno, 0);
	assert_string_equal(said, "f:1: " NOTHING "\n");
}

static void
control_bytes_are_refused_in_comments_too(void **state)
{
	static const char nul[] = ID_A " names=a\0b\n";
	struct grant *out;

	(void)state;
	assert_false(parse_bytes(nul, sizeof(nul) - 1, &out));
	assert_string_equal(said, "f:1: control byte \\x00\n");
	expect_refused(ID_A " # a\x1b[31m", "f:1: control byte \\x1b\n");
	expect_refused(ID_A " # a\x7f", "f:1: control byte \\x7f\n");
	expect_refused(ID_A "\r " ID_B "\n", "f:1: control byte \\x0d\n");
	expect_refused(ID_A "\r\r\n", "f:1: control byte \\x0d\n");
}

static void
a_line_too_long_is_refused_and_one_as_long_as_may_be_is_not(void **state)
{
	size_t head = strlen(ID_A " #"), len = AUTHFILE_LINE_MAX;
	char *line = malloc(len + 1);
	struct grant *out;

	(void)state;
	memset(line, 'x', len + 1);
	memcpy(line, ID_A " #", head);
	assert_true(parse_bytes(line, len, &out));
	grants_free(out);
	assert_false(parse_bytes(line, len + 1, &out));
	assert_string_equal(said, "f:1: line longer than 1048576 bytes\n");
	free(line);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_gives_all_it_says),
		cmocka_unit_test(an_id_alone_has_the_defaults),
		cmocka_unit_test(options_come_in_any_order_and_apart_by_blanks),
		cmocka_unit_test(lines_keep_their_order_and_number),
		cmocka_unit_test(a_file_without_clients_is_good),
		cmocka_unit_test(lines_may_end_in_cr_lf),
		cmocka_unit_test(a_comment_begins_only_where_a_field_does),
		cmocka_unit_test(a_secret_is_given_by_its_hash),
		cmocka_unit_test(hexadecimal_digits_may_be_upper_case),
		cmocka_unit_test(the_file_routesync_writes_is_taken),
		cmocka_unit_test(names_are_normalised_one_by_one),
		cmocka_unit_test(who_is_neither_id_nor_secret_is_refused_without_showing_it),
		cmocka_unit_test(a_secret_that_is_no_hash_is_refused_without_showing_it),
		cmocka_unit_test(a_secret_needs_names),
		cmocka_unit_test(every_prefix_of_an_id_or_a_secret_is_refused),
		cmocka_unit_test(every_prefix_of_a_line_is_judged),
		cmocka_unit_test(bad_names_are_refused),
		cmocka_unit_test(names_shaped_like_an_id_are_nobodys),
		cmocka_unit_test(a_name_given_twice_in_one_list_is_refused),
		cmocka_unit_test(an_id_has_as_many_names_as_a_welcome_carries),
		cmocka_unit_test(unknown_and_repeated_options_are_refused),
		cmocka_unit_test(numbers_out_of_range_are_refused),
		cmocka_unit_test(networks_are_checked),
		cmocka_unit_test(a_date_holds_to_its_end_in_utc),
		cmocka_unit_test(what_is_no_date_is_refused),
		cmocka_unit_test(every_prefix_of_a_date_is_refused),
		cmocka_unit_test(one_id_or_secret_on_two_lines_names_the_earlier_line),
		cmocka_unit_test(every_bad_line_is_reported_and_nothing_is_given),
		cmocka_unit_test(a_lack_of_memory_is_no_bad_line),
		cmocka_unit_test(control_bytes_are_refused_in_comments_too),
		cmocka_unit_test(a_line_too_long_is_refused_and_one_as_long_as_may_be_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
