/* SPDX-License-Identifier: ISC */
/* Tests of tunnelc/words.c: what the words may be, and which one a visitor gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../tunnelc/words.h"

#define ARGS 80

static struct words words;
static char why[WORDS_WHY_MAX];
static char *argv[ARGS];

static int
forget(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARGS; i++) {
		free(argv[i]);
		argv[i] = NULL;
	}
	return 0;
}

/* Exact-size heap copies of words separated by blanks. */
static bool
parse(const char *text)
{
	char copy[1024], *rest = copy, *word;
	size_t n = 0;

	forget(NULL);
	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			argv[n++] = strdup(strcmp(word, "_") == 0 ? "" : word);
	memset(why, 'x', sizeof(why));
	return words_parse(argv, &words, why);
}

/* The targets a visitor gets, "-" for none. */
static const char *
finds(enum kind kind, const char *name)
{
	static char out[256];
	char *copy = name == NULL ? NULL : malloc(strlen(name));
	const struct word *w;

	if (name != NULL)
		memcpy(copy, name, strlen(name));
	w = words_find(&words, kind, slice_of(copy, name == NULL ? 0 : strlen(name)));
	free(copy);
	snprintf(out, sizeof(out), "%.*s", w == NULL ? 1 : (int)w->targets.len,
	    w == NULL ? "-" : w->targets.p);
	return out;
}

static void
a_word_gives_a_kind_its_targets(void **state)
{
	(void)state;
	assert_true(parse("tls=127.0.0.1:8443 http=[::1]:8080,web.internal:80 "
	    "tcp=unix:/run/db.sock"));
	assert_int_equal(words.n, 3);
	assert_int_equal(words.proxy, PROXYHDR_NONE);
	assert_string_equal(finds(KIND_TLS, "a.example"), "127.0.0.1:8443");
	assert_string_equal(finds(KIND_HTTP, "a.example"), "[::1]:8080,web.internal:80");
	assert_string_equal(finds(KIND_TCP, NULL), "unix:/run/db.sock");
}

static void
no_words_at_all_take_nobody(void **state)
{
	(void)state;
	assert_true(parse(""));
	assert_int_equal(words.n, 0);
	assert_string_equal(finds(KIND_TLS, "a.example"), "-");
}

static void
kinds_do_not_stand_in_for_each_other(void **state)
{
	(void)state;
	assert_true(parse("tls=127.0.0.1:1"));
	assert_string_equal(finds(KIND_HTTP, "a.example"), "-");
	assert_string_equal(finds(KIND_TCP, "a.example"), "-");
}

static void
exact_names_beat_long_suffixes_beat_short_ones_beat_none(void **state)
{
	static const struct {
		const char *name, *targets;
	} row[] = {
		{ "x.b.example", "exact:1" }, { "y.b.example", "long:1" },
		{ "z.y.b.example", "long:1" }, { "b.example", "short:1" },
		{ "c.example", "short:1" }, { "example", "rest:1" }, { "xexample", "rest:1" },
		{ "x.b.examplex", "rest:1" }, { ".example", "rest:1" }, { NULL, "rest:1" },
	};
	static const char *const order[] = {
		"tls=rest:1 tls:*.example=short:1 tls:*.b.example=long:1 tls:x.b.example=exact:1",
		"tls:x.b.example=exact:1 tls:*.b.example=long:1 tls:*.example=short:1 tls=rest:1",
	};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		assert_true(parse(order[k]));
		for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
			assert_string_equal(finds(KIND_TLS, row[i].name), row[i].targets);
	}
}

static void
a_named_word_takes_no_visitor_without_a_name(void **state)
{
	(void)state;
	assert_true(parse("tcp:db.example=db:1 tcp:*.example=any:1"));
	assert_string_equal(finds(KIND_TCP, NULL), "-");
	assert_string_equal(finds(KIND_TCP, "other.test"), "-");
}

static void
names_are_compared_in_lower_case_without_a_trailing_dot(void **state)
{
	(void)state;
	assert_true(parse("tls:WWW.Example.=a:1 tls:*.Tun.Example=b:1"));
	assert_string_equal(words.word[0].name, "www.example");
	assert_string_equal(words.word[1].name, "*.tun.example");
	assert_string_equal(finds(KIND_TLS, "www.example"), "a:1");
}

static void
the_longest_name_fits(void **state)
{
	char text[300], name[HOST_MAX + 1];

	(void)state;
	for (size_t i = 0; i < HOST_MAX; i++)
		name[i] = i % 60 == 59 ? '.' : 'a';
	name[HOST_MAX] = '\0';
	snprintf(text, sizeof(text), "tls:*.%s=a:1", name);
	assert_true(parse(text));
	assert_int_equal(strlen(words.word[0].name), HOST_MAX + 2);
	snprintf(text, sizeof(text), "tls:*.%sa=a:1", name);
	assert_false(parse(text));
}

static void
proxy_holds_for_all_words(void **state)
{
	(void)state;
	assert_true(parse("proxy=v2 tls=a:1"));
	assert_int_equal(words.proxy, PROXYHDR_V2);
	assert_int_equal(words.n, 1);
	assert_true(parse("tls=a:1 proxy=v1"));
	assert_int_equal(words.proxy, PROXYHDR_V1);
}

static void
bad_words_are_refused_by_name(void **state)
{
	static const struct {
		const char *words, *why;
	} row[] = {
		{ "_", ": not KIND[:NAME]=TARGET with a KIND of tls, http or tcp, "
		    "nor proxy=v1 or v2" },
		{ "ftp=a:1", "ftp=a:1: not KIND[:NAME]=TARGET with a KIND of tls, http or tcp, "
		    "nor proxy=v1 or v2" },
		{ "TLS=a:1", "TLS=a:1: not KIND[:NAME]=TARGET with a KIND of tls, http or tcp, "
		    "nor proxy=v1 or v2" },
		{ "proxy", "proxy: not KIND[:NAME]=TARGET with a KIND of tls, http or tcp, "
		    "nor proxy=v1 or v2" },
		{ "proxy=", "proxy=: neither v1 nor v2" },
		{ "proxy=v3", "proxy=v3: neither v1 nor v2" },
		{ "proxy=v1 proxy=v1", "proxy=v1: proxy= was given before" },
		{ "tls", "tls: no =TARGET" },
		{ "tls:a.example", "tls:a.example: no =TARGET" },
		{ "tls:=a:1", "tls:=a:1: NAME is neither a host name nor *.SUFFIX" },
		{ "tls:*=a:1",
		    "tls:*=a:1: a word without :NAME takes the names no other one takes" },
		{ "tls:*.=a:1", "tls:*.=a:1: NAME is neither a host name nor *.SUFFIX" },
		{ "tls:*.*.b=a:1", "tls:*.*.b=a:1: NAME is neither a host name nor *.SUFFIX" },
		{ "tls:a:b=a:1", "tls:a:b=a:1: NAME is neither a host name nor *.SUFFIX" },
		{ "tls:192.0.2.1=a:1",
		    "tls:192.0.2.1=a:1: NAME is neither a host name nor *.SUFFIX" },
		{ "tls=", "tls=: \"\": no address" },
		{ "tls=a:1,", "tls=a:1,: \"\": no address" },
		{ "tls=a:1,a", "tls=a:1,a: \"a\": no port (HOST:PORT or unix:/PATH)" },
		{ "tls=a:1 http=b:1 tls=c:1",
		    "tls=c:1: there is one for this kind and name already" },
		{ "tls:x.=a:1 tls:X=b:1",
		    "tls:X=b:1: there is one for this kind and name already" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_false(parse(row[i].words));
		assert_string_equal(why, row[i].why);
	}
}

static void
listening_addresses_and_sockets_to_pass_are_no_targets(void **state)
{
	(void)state;
	assert_false(parse("tls=:80"));
	assert_false(parse("tls=a:0"));
	assert_false(parse("tls=pass:/run/x"));
	assert_false(parse("tls=a:1,pass:/run/x"));
	assert_false(parse("tls=unix:run/x"));
}

static void
a_reason_never_outgrows_its_room(void **state)
{
	char text[1000];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "tls=", 4);
	assert_false(parse(text));
	assert_true(strlen(why) < WORDS_WHY_MAX);
}

static void
there_is_room_for_64_words(void **state)
{
	static struct words many;
	char room[WORDS_MAX + 1][16], *list[WORDS_MAX + 2] = { NULL };

	(void)state;
	for (size_t i = 0; i <= WORDS_MAX; i++) {
		snprintf(room[i], sizeof(room[i]), "tls:n%zu=a:1", i);
		list[i] = room[i];
	}
	assert_false(words_parse(list, &many, why));
	assert_string_equal(why, "tls:n64=a:1: more than 64 words");
	list[WORDS_MAX] = NULL;
	assert_true(words_parse(list, &many, why));
	assert_int_equal(many.n, WORDS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_gives_a_kind_its_targets),
		cmocka_unit_test(no_words_at_all_take_nobody),
		cmocka_unit_test(kinds_do_not_stand_in_for_each_other),
		cmocka_unit_test(exact_names_beat_long_suffixes_beat_short_ones_beat_none),
		cmocka_unit_test(a_named_word_takes_no_visitor_without_a_name),
		cmocka_unit_test(names_are_compared_in_lower_case_without_a_trailing_dot),
		cmocka_unit_test(the_longest_name_fits),
		cmocka_unit_test(proxy_holds_for_all_words),
		cmocka_unit_test(bad_words_are_refused_by_name),
		cmocka_unit_test(listening_addresses_and_sockets_to_pass_are_no_targets),
		cmocka_unit_test(a_reason_never_outgrows_its_room),
		cmocka_unit_test(there_is_room_for_64_words),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
