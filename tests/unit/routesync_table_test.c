/* SPDX-License-Identifier: ISC */
/* Tests of routesync/table.c, lines.c and live.c: from keys to the text of the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../routesync/table.h"

#define S "/tcprouter/service/"
#define HEAD "#!routes sorted\n"
#define HASH_OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static char reports[1024];
static const char *last_why;

static void
on_report(void *arg, struct slice key, const char *why)
{
	size_t at = strlen(reports);

	(void)arg;
	last_why = why;
	snprintf(reports + at, sizeof(reports) - at, SLICE_FMT "%s\n", SLICE_ARG(key),
	    why == NULL ? " good" : "");
}

static int
new_table(void **state)
{
	reports[0] = '\0';
	*state = table_new("/tcprouter/", "/v", on_report, NULL);
	return *state == NULL ? -1 : 0;
}

static int
free_table(void **state)
{
	table_free(*state);
	return 0;
}

static void
put(struct table *t, const char *key, const char *value)
{
	assert_true(table_put(t, slice_str(key), slice_str(value)));
}

static void
assert_routes(struct table *t, const char *routes)
{
	struct table_text text;

	assert_true(table_text(t, &text));
	if (text.routes_len != strlen(routes) || memcmp(text.routes, routes, text.routes_len) != 0)
		fail_msg("got:\n%.*s", (int)text.routes_len, text.routes);
	assert_false(table_changed(t));
	table_text_free(&text);
}

static void
assert_secrets(struct table *t, const char *secrets)
{
	struct table_text text;

	assert_true(table_text(t, &text));
	assert_int_equal(text.secrets_len, strlen(secrets));
	assert_memory_equal(text.secrets, secrets, text.secrets_len);
	table_text_free(&text);
}

static void
assert_published(struct table *t, const char *names)
{
	struct table_text text;
	char got[256] = "";

	assert_true(table_text(t, &text));
	for (size_t i = 0; i < text.published.n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), SLICE_FMT " ",
		    SLICE_ARG(text.published.line[i]));
	assert_string_equal(got, names);
	table_text_free(&text);
}

/*
 * The files at start, and the end of the first round:
 * how many lines are kept for those whose name is not known.
 */
static void
fall_back(struct table *t, const char *routes, const char *secrets)
{
	assert_true(table_fall_back(t, slice_str(routes), slice_str(secrets)));
}

static size_t
keep_old(struct table *t)
{
	size_t kept, none;

	assert_true(table_keep_old(t, &kept));
	assert_true(table_keep_old(t, &none));
	assert_int_equal(none, 0);
	return kept;
}

static void
routes_come_in_order_of_their_names(void **state)
{
	struct table *t = *state;

	assert_routes(t, HEAD);
	put(t, S "b", "tls=h:1");
	put(t, S "a.b", "tls=h:2");
	put(t, S "CATCH_ALL", "tls=h:3");
	put(t, S "A-B", "tls=h:4");
	put(t, S ":80", "tcp=h:5");
	put(t, "other", "tls=h:6");
	assert_routes(t, HEAD "* tls=h:3\n:80 tcp=h:5\na-b tls=h:4\na.b tls=h:2\nb tls=h:1\n");
	put(t, S "aa", "tls=h:7");
	put(t, S "b", "tls=h:8");
	assert_routes(t, HEAD "* tls=h:3\n:80 tcp=h:5\na-b tls=h:4\na.b tls=h:2\naa tls=h:7\n"
	    "b tls=h:8\n");
}

/* Values of one length: what tells them apart must not depend on where their bytes differ. */
static void
every_change_of_a_value_is_seen(void **state)
{
	char value[64], routes[128];

	for (int i = 0; i < 64; i++) {
		char c = i % 2 == 0 ? '0' : 'p';

		snprintf(value, sizeof(value), "tls=%03d%caaa%caaa%c.example:443", i / 2, c, c, c);
		put(*state, S "a.test", value);
		snprintf(routes, sizeof(routes), HEAD "a.test %s\n", value);
		assert_routes(*state, routes);
	}
}

static void
of_several_keys_one_speaks_for_a_name(void **state)
{
	struct table *t = *state;

	put(t, "tcprouter/services/a", "tls=h:4");
	put(t, "tcprouter/service/a", "tls=h:3");
	assert_routes(t, HEAD "a tls=h:3\n");
	put(t, "//tcprouter/services/A", "tls=h:2");
	assert_routes(t, HEAD "a tls=h:2\n");
	put(t, S "a", "tls=h:1");
	assert_routes(t, HEAD "a tls=h:1\n");
	put(t, S "B", "tls=h:6");
	put(t, S "b", "tls=h:5");
	assert_routes(t, HEAD "a tls=h:1\nb tls=h:6\n");
	table_remove(t, slice_str(S "a"));
	assert_routes(t, HEAD "a tls=h:2\nb tls=h:6\n");
}

static void
a_round_ends_with_what_it_met(void **state)
{
	struct table *t = *state;

	table_begin(t);
	put(t, S "a", "tls=h:1");
	put(t, S "b", "tls=h:2");
	table_end(t, false);
	assert_routes(t, HEAD "a tls=h:1\nb tls=h:2\n");
	table_begin(t);
	put(t, S "b", "tls=h:2");
	table_end(t, false);
	assert_true(table_changed(t));
	assert_routes(t, HEAD "b tls=h:2\n");
	table_begin(t);
	put(t, S "b", "tls=h:2");
	table_end(t, false);
	assert_false(table_changed(t));
}

static void
what_nodes_published_may_stay_when_a_round_misses_it(void **state)
{
	struct table *t = *state;

	table_begin(t);
	put(t, S "s", "tls=h:1");
	put(t, "/tcprouter/live/n1/a", "tls=h:1");
	put(t, "/tcprouter/live/n1/b", "tls=h:1");
	put(t, "/tcprouter/live/n2/b", "tls=h:2");
	table_end(t, true);
	assert_routes(t, HEAD "a tls=h:1\nb tls=h:1,h:2\ns tls=h:1\n");
	assert_published(t, "a b ");

	/* all is lost, but nodes will come back */
	table_begin(t);
	assert_int_equal(table_missing_live(t), 3);
	assert_int_equal(table_end(t, true), 1);
	assert_routes(t, HEAD "a tls=h:1\nb tls=h:1,h:2\n");
	assert_published(t, "a b ");

	/* one does: what it says counts more than what is remembered */
	put(t, "/tcprouter/live/n2/b", "tls=h:2");
	assert_true(table_changed(t));
	assert_routes(t, HEAD "a tls=h:1\nb tls=h:2\n");
	put(t, "/tcprouter/live/n3/a", "tls=h:3");
	assert_routes(t, HEAD "a tls=h:3\nb tls=h:2\n");
	put(t, "/tcprouter/live/n1/a", "tls=h:1");
	assert_routes(t, HEAD "a tls=h:1,h:3\nb tls=h:2\n");

	/* to expire is to be missing */
	assert_true(table_miss(t, slice_str("/tcprouter/live/n3/a")));
	assert_false(table_miss(t, slice_str("/tcprouter/live/n4/a")));
	assert_routes(t, HEAD "a tls=h:1\nb tls=h:2\n");
	put(t, "/tcprouter/live/n3/a", "tls=h:3");
	assert_routes(t, HEAD "a tls=h:1,h:3\nb tls=h:2\n");

	/* what is still missing goes */
	table_begin(t);
	put(t, "/tcprouter/live/n1/a", "tls=h:1");
	assert_int_equal(table_missing_live(t), 3);
	assert_int_equal(table_end(t, false), 3);
	assert_routes(t, HEAD "a tls=h:1\n");
	assert_published(t, "a ");
	table_remove(t, slice_str("/tcprouter/live/n1/a"));
	assert_routes(t, HEAD);
	assert_published(t, "");
}

static void
a_malformed_value_keeps_the_last_good_line(void **state)
{
	struct table *t = *state;

	table_begin(t);
	put(t, S "a", "tls=h:1");
	put(t, S "b", "nonsense");
	table_end(t, false);
	assert_string_equal(reports, S "b\n");
	table_begin(t);
	put(t, S "a", "nonsense");
	put(t, S "b", "nonsense");
	table_end(t, false);
	assert_string_equal(reports, S "b\n" S "a\n");
	assert_int_equal(table_counts(t).malformed, 2);
	assert_routes(t, HEAD "a tls=h:1\n");
	assert_true(table_put(t, slice_str(S "a"), slice_of(NULL, 0)));
	assert_true(table_put(t, slice_str(S "a"), slice_of(NULL, 0)));
	assert_string_equal(reports, S "b\n" S "a\n" S "a\n");
	put(t, S "a", "tls=h:1");
	put(t, S "b", "tls=h:2");
	assert_string_equal(reports, S "b\n" S "a\n" S "a\n" S "a good\n" S "b good\n");
	assert_int_equal(table_counts(t).malformed, 0);
	assert_routes(t, HEAD "a tls=h:1\nb tls=h:2\n");
	put(t, S "a", "nonsense");
	table_remove(t, slice_str(S "a"));
	assert_int_equal(table_counts(t).malformed, 0);
	assert_routes(t, HEAD "b tls=h:2\n");
}

static void
a_malformed_value_at_start_keeps_the_line_of_the_file(void **state)
{
	struct table *t = *state;

	fall_back(t, "B tls=h:9 # by hand\na tls=h:1\ngone tls=h:7\n", "");
	put(t, S "b.", "nonsense");
	put(t, S "a", "tls=h:2");
	assert_int_equal(keep_old(t), 0);
	assert_routes(t, HEAD "a tls=h:2\nb tls=h:9\n");
	put(t, S "b.", "other nonsense");
	assert_routes(t, HEAD "a tls=h:2\nb tls=h:9\n");
	put(t, S "b.", "tls=h:9");
	assert_routes(t, HEAD "a tls=h:2\nb tls=h:9\n");
	table_remove(t, slice_str(S "b."));
	assert_routes(t, HEAD "a tls=h:2\n");
}

static void
a_malformed_value_at_start_takes_no_name_from_a_good_key(void **state)
{
	struct table *t = *state;

	fall_back(t, "a tls=h:1\nb tls=h:1\n", "");
	put(t, S "a", "nonsense");
	put(t, "/tcprouter/services/a", "tls=h:1");
	put(t, S "b", "nonsense");
	put(t, "/tcprouter/live/n1/b", "tls=h:2");
	assert_int_equal(keep_old(t), 0);
	assert_routes(t, HEAD "a tls=h:1\nb tls=h:2\n");
	put(t, "/tcprouter/services/a", "tls=h:3");
	put(t, "/tcprouter/live/n2/b", "tls=h:3");
	assert_routes(t, HEAD "a tls=h:3\nb tls=h:2,h:3\n");
	table_remove(t, slice_str("/tcprouter/services/a"));
	table_remove(t, slice_str("/tcprouter/live/n1/b"));
	table_remove(t, slice_str("/tcprouter/live/n2/b"));
	assert_routes(t, HEAD);
	put(t, S "a", "tls=h:1");
	assert_routes(t, HEAD "a tls=h:1\n");
}

static void
a_malformed_value_at_start_of_no_known_name_keeps_what_no_good_key_gives(void **state)
{
	struct table *t = *state;

	fall_back(t, "a tls=h:1\nbar tls=h:2\nc tls=h:3\nd tls=h:4\ne tls=h:5\n", "");
	table_begin(t);
	put(t, S "a", "tls=h:9");
	put(t, S "foo", "nonsense");
	put(t, S "c", "nonsense");
	table_end(t, false);
	assert_int_equal(keep_old(t), 3);
	assert_int_equal(table_counts(t).keys, 3);
	assert_routes(t, HEAD "a tls=h:9\nbar tls=h:2\nc tls=h:3\nd tls=h:4\ne tls=h:5\n");

	/* a good key takes its name over, for ever */
	put(t, S "d", "tls=h:8");
	assert_routes(t, HEAD "a tls=h:9\nbar tls=h:2\nc tls=h:3\nd tls=h:8\ne tls=h:5\n");
	table_remove(t, slice_str(S "d"));
	assert_routes(t, HEAD "a tls=h:9\nbar tls=h:2\nc tls=h:3\ne tls=h:5\n");

	/*
	 * a round without news changes nothing;
	 * another key that is malformed keeps nothing of a file it is not in
	 */
	table_begin(t);
	put(t, S "a", "tls=h:9");
	put(t, S "foo", "nonsense");
	put(t, S "c", "nonsense");
	put(t, S "late", "nonsense");
	assert_int_equal(table_end(t, false), 0);
	assert_false(table_changed(t));
	put(t, S "foo", "{\"addr\":\"h:6\",\"sni\":\"bar\"}");
	assert_true(table_changed(t));
	assert_routes(t, HEAD "a tls=h:9\nbar tls=h:6\nc tls=h:3\n");
	table_remove(t, slice_str(S "c"));
	assert_routes(t, HEAD "a tls=h:9\nbar tls=h:6\n");
}

static void
a_malformed_sni_at_start_tells_no_name(void **state)
{
	static const char *const values[] = { "{\"addr\":\"h\",\"sni\":5}",
		"{\"addr\":\"h:1\",\"sni\":\"w..b\"}", "{\"addr\":\"h:1\",\"sni\":\"a b\"}",
		"{\"addr\":\"h:1\",\"sni\":\"a\\u0000\"}" };
	struct table *t = *state;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		fall_back(t, "bar tls=h:2\n", "");
		put(t, S "foo", values[i]);
		assert_int_equal(keep_old(t), 1);
		assert_routes(t, HEAD "bar tls=h:2\n");
		table_remove(t, slice_str(S "foo"));
		assert_routes(t, HEAD);
	}
}

static void
put_stream(struct table *t, const char *text)
{
	const char *why;
	bool starved;

	assert_true(table_put_stream(t, slice_str(text), &why, &starved));
}

static void
a_key_of_no_length_is_no_line_that_is_kept(void **state)
{
	struct table *t = *state;

	fall_back(t, "bar tls=h:2\n", "");
	put_stream(t, "{\"server\":{\"services\":{\"\":5,\"a\":{\"addr\":\"h\",\"tlsport\":1}}}}");
	assert_int_equal(keep_old(t), 1);
	assert_routes(t, HEAD "a tls=h:1\nbar tls=h:2\n");
	table_begin(t);
	put(t, S "foo", "tls=h:3");
	assert_int_equal(table_end(t, false), 2);
	assert_routes(t, HEAD "foo tls=h:3\n");
}

static void
records_of_a_stream_differ_by_the_name_they_are_for(void **state)
{
	struct table *t = *state;

	fall_back(t, "v tls=h:9\nx tls=h:9\n", "");
	put_stream(t, "{\"server\":{\"services\":{"
	    "\"x\":{\"addr\":\"h\",\"tlsport\":1,\"sni\":\"y\"},"
	    "\"v\":{\"addr\":\"h\",\"tlsport\":1,\"sni\":\"w\"}}}}"
	    "{\"sni\":\"x\",\"addr\":\"h:2\"} {\"sni\":\"v\",\"addr\":[]}"
	    "{\"server\":{\"services\":{\"x\":{\"addr\":\"h\",\"tlsport\":3,\"sni\":\"z\"}}}}");
	assert_int_equal(keep_old(t), 0);
	assert_routes(t, HEAD "v tls=h:9\nw tls=h:1\nx tls=h:2\ny tls=h:1\nz tls=h:3\n");
}

static void
of_several_records_of_a_stream_the_last_speaks_for_a_name(void **state)
{
	struct table *t = *state;

	put_stream(t, "{\"server\":{\"services\":{\"a\":{\"addr\":\"h:1\",\"sni\":\"x\"},"
	    "\"x\":{\"addr\":\"h:2\",\"sni\":\"X\"}}}} {\"addr\":\"h:3\",\"sni\":\"x.\"}");
	assert_routes(t, HEAD "x tls=h:3\n");
}

/* In the order given: the nameless one is a service called "a" with an sni that is no name. */
static void
nameless_beside(struct table *t, const char *services, const char *routes)
{
	char text[512];

	fall_back(t, "c tls=h:9\n", "");
	snprintf(text, sizeof(text), "{\"server\":{\"services\":{%s}}}", services);
	put_stream(t, text);
	assert_int_equal(keep_old(t), 1);
	assert_routes(t, routes);
}

#define NAMELESS "\"a\":{\"addr\":\"h\",\"tlsport\":1,\"sni\":\"b d\"}"
#define NAMED "\"b\":{\"addr\":\"h\",\"tlsport\":2,\"sni\":\"a\"}"
#define TOLD "\"b\":{\"addr\":5,\"sni\":\"a\"}"

static void
a_nameless_record_of_a_stream_stays_when_another_has_the_name_of_its_key(void **state)
{
	nameless_beside(*state, NAMELESS "," NAMED, HEAD "a tls=h:2\nc tls=h:9\n");
}

static void
a_nameless_record_of_a_stream_counts_after_another_with_the_name_of_its_key(void **state)
{
	nameless_beside(*state, NAMED "," NAMELESS, HEAD "a tls=h:2\nc tls=h:9\n");
}

static void
a_nameless_record_of_a_stream_counts_beside_a_malformed_one_of_that_name(void **state)
{
	nameless_beside(*state, TOLD "," NAMELESS ",\"e\":{\"addr\":\"h\",\"tlsport\":3}",
	    HEAD "c tls=h:9\ne tls=h:3\n");
}

static void
a_malformed_value_at_start_may_say_what_it_is_about(void **state)
{
	struct table *t = *state;

	fall_back(t, "a tls=h:1\nbar tls=h:2\ngone tls=h:3\n", "");
	put(t, S "foo", "{\"addr\":[],\"sni\":\"Bar\"}");
	put(t, S "new", "{\"addr\":\"h\"}");
	put(t, S "newer", "tls=h");
	put(t, S "newest", "{\"sni\":\"newest\",\"addr\":\"h:1\",\"tlsport\":\"x\"}");
	assert_int_equal(keep_old(t), 0);
	assert_routes(t, HEAD "bar tls=h:2\n");
	table_remove(t, slice_str(S "foo"));
	assert_routes(t, HEAD);
}

static void
a_malformed_value_keeps_its_secret_at_start_too(void **state)
{
	struct table *t = *state;

	fall_back(t, HEAD "* tls=h:1\na tls=pass:/v\nb tls=pass:/v\nc tls=pass:/v\nx tls=pass:/v\n",
	    "# by hand\nkey=b names=b\nsecret=sha256:00 names=c\n"
	    "secret=sha256:" HASH_OF_ABC " names=a,b,x\n");
	put(t, S "a", "nonsense");
	put(t, S "b", "{\"addr\":\"h\",\"tlsport\":1}");
	put(t, S "c", "nonsense");
	put(t, S "foo", "nonsense");
	assert_int_equal(keep_old(t), 2);
	assert_secrets(t, "secret=sha256:" HASH_OF_ABC " names=a,x\n");
	assert_routes(t, HEAD "* tls=h:1\na tls=pass:/v\nb tls=h:1\nc tls=pass:/v\n"
	    "x tls=pass:/v\n");
	put(t, "/tcprouter/services/a", "tls=h:1");
	assert_secrets(t, "secret=sha256:" HASH_OF_ABC " names=x\n");
	table_remove(t, slice_str(S "foo"));
	assert_secrets(t, "");
}

static void
many_lines_may_be_kept(void **state)
{
	struct table *t = *state;
	static char text[5000 * 16];
	struct table_text out;
	char *at = text;

	for (unsigned i = 0; i < 5000; i++)
		at += sprintf(at, "h%u tls=h:1\n", i);
	fall_back(t, text, "");
	put(t, S "foo", "nonsense");
	put(t, S "h77", "tls=h:2");
	assert_int_equal(keep_old(t), 4999);
	assert_true(table_text(t, &out));
	assert_int_equal(out.names, 5000);
	table_text_free(&out);
	table_remove(t, slice_str(S "foo"));
	assert_routes(t, HEAD "h77 tls=h:2\n");
}

static void
a_malformed_record_of_a_stream_leaves_a_good_one_alone(void **state)
{
	struct table *t = *state;

	fall_back(t, "a tls=h:1\nb tls=h:1\n* tls=h:1\n", "");
	put_stream(t, "{\"sni\":\"a\",\"addr\":\"h:2\"} {\"sni\":\"a\",\"addr\":[]}"
	    "{\"Key\":\"tcprouter/services/B\",\"Value\":\"!\"}"
	    "{\"server\":{\"services\":{\"CATCH_ALL\":5}}}");
	assert_string_equal(reports, "a\ntcprouter/services/B\nCATCH_ALL\n");
	assert_int_equal(keep_old(t), 0);
	assert_routes(t, HEAD "* tls=h:1\na tls=h:2\nb tls=h:1\n");
}

static bool
removes(struct table *t, const char *key)
{
	return table_remove(t, slice_str(key));
}

static void
what_is_removed_is_guarded_if_it_had_a_line_and_no_node_published_it(void **state)
{
	struct table *t = *state;

	put(t, S "a", "tls=h:1");
	put(t, S "b", "{");
	put(t, "/tcprouter/live/n1/c", "tls=h:1");
	assert_true(removes(t, S "a"));
	assert_false(removes(t, S "a"));
	assert_false(removes(t, S "b"));
	assert_false(removes(t, "/tcprouter/live/n1/c"));
	assert_routes(t, HEAD);
	put(t, S "a", "tls=h:1");
	assert_false(table_miss(t, slice_str(S "a")));
	assert_routes(t, HEAD "a tls=h:1\n");
}

static void
a_name_is_published_if_no_other_key_has_it(void **state)
{
	struct table *t = *state;

	put(t, S "s", "tls=h:1");
	put(t, S "both", "tls=h:1");
	put(t, "/tcprouter/live/n1/both", "tls=h:2");
	put(t, "/tcprouter/live/n1/bad", "{");
	put(t, "/tcprouter/live/n1/a", "tls=h:2");
	put(t, "/tcprouter/live/n1/b", "tls=h:2");
	assert_routes(t, HEAD "a tls=h:2\nb tls=h:2\nboth tls=h:1\ns tls=h:1\n");
	assert_published(t, "a b ");
	for (unsigned i = 0; i < 5000; i++) {
		put(t, "/tcprouter/live/n1/b", "tls=h:2");
		put(t, "/tcprouter/live/n2/b", i % 2 ? "tls=h:1" : "tls=h:3");
		put(t, "/tcprouter/live/n1/a", "tls=h:2");
		table_remove(t, slice_str("/tcprouter/live/n2/b"));
		table_remove(t, slice_str("/tcprouter/live/n1/a"));
		table_remove(t, slice_str("/tcprouter/live/n1/b"));
		if (i % 1000 == 0)
			assert_routes(t, HEAD "both tls=h:1\ns tls=h:1\n");
	}
	assert_published(t, "");
	table_remove(t, slice_str("/tcprouter/live/n1/bad"));
	table_remove(t, slice_str(S "both"));
	assert_routes(t, HEAD "both tls=h:2\ns tls=h:1\n");
	assert_published(t, "both ");
	table_remove(t, slice_str("/tcprouter/live/n1/both"));
	table_remove(t, slice_str(S "s"));
	assert_routes(t, HEAD);
	assert_published(t, "");
}

static void
targets_of_several_nodes_stand_in_one_line(void **state)
{
	struct table *t = *state;

	put(t, "/tcprouter/live/n1/a", "tls=h:1,h:2 proxy=v2");
	put(t, "/tcprouter/live/n3/a", "tls=h:3 http=h:4 proxy=v2");
	put(t, "/tcprouter/live/n2/a", "tls=h:2 proxy=v2");
	assert_routes(t, HEAD "a tls=h:1,h:2,h:3 proxy=v2 http=h:4\n");
	put(t, "/tcprouter/live/n4/a", "tls=h:5");
	assert_routes(t, HEAD "a tls=h:1,h:2,h:3 proxy=v2 http=h:4\n");
	assert_string_equal(reports, "/tcprouter/live/n4/a\n");
	put(t, "/tcprouter/live/n5/a", "tls=h:5 proxy=v2 balance=first");
	assert_routes(t, HEAD "a tls=h:1,h:2,h:3 proxy=v2 http=h:4\n");
	assert_string_equal(reports, "/tcprouter/live/n4/a\n/tcprouter/live/n5/a\n");
	reports[0] = '\0';
	put(t, "/tcprouter/live/n1/o", "tls=h:1 proxy=v2 balance=first");
	put(t, "/tcprouter/live/n2/o", "balance=first tls=h:2 proxy=v2");
	assert_routes(t, HEAD "a tls=h:1,h:2,h:3 proxy=v2 http=h:4\n"
	    "o tls=h:1,h:2 proxy=v2 balance=first\n");
	assert_string_equal(reports, "");
	table_remove(t, slice_str("/tcprouter/live/n1/o"));
	table_remove(t, slice_str("/tcprouter/live/n2/o"));
	table_remove(t, slice_str("/tcprouter/live/n1/a"));
	assert_routes(t, HEAD "a tls=h:2,h:3 proxy=v2 http=h:4\n");
	put(t, S "a", "tls=h:9");
	assert_routes(t, HEAD "a tls=h:9\n");
}

static void
a_node_is_left_out_for_the_reason_told(void **state)
{
	struct table *t = *state;
	struct table_text text;
	char value[50000] = "tls=h:1";

	for (unsigned i = 2; i < 6000; i++)
		sprintf(value + strlen(value), ",h:%u", i);
	put(t, "/tcprouter/live/n1/a", value);
	memcpy(value, "tls=g:1", 7);
	put(t, "/tcprouter/live/n2/a", value);
	assert_true(table_text(t, &text));
	assert_string_equal(reports, "/tcprouter/live/n2/a\n");
	assert_string_equal(last_why,
	    "there is no room in a line for its targets beside the other nodes'");
	table_text_free(&text);

	for (unsigned i = 0; i < 64; i++)
		sprintf(value + (i > 0 ? strlen(value) : 0), "alpn:p%u=h:1 ", i);
	put(t, "/tcprouter/live/n1/b", value);
	put(t, "/tcprouter/live/n2/b", "tls=h:1");
	put(t, "/tcprouter/live/n3/b", "alpn:p7=h:2");
	assert_true(table_text(t, &text));
	assert_string_equal(last_why, "there are too many keys beside the other nodes'");
	table_text_free(&text);

	put(t, "/tcprouter/live/n4/b", "alpn:p7=h:2 max=1");
	assert_true(table_text(t, &text));
	assert_string_equal(last_why, "its options differ from those of the other nodes");
	table_text_free(&text);
}

static void
a_name_of_several_nodes_may_be_spelt_like_a_key(void **state)
{
	struct table *t = *state;

	put(t, "/tcprouter/live/n1/http", "http=h:1");
	put(t, "/tcprouter/live/n2/http", "http=h:2 tls=h:3");
	put(t, "/tcprouter/live/n1/tls", "tls=h:1 proxy=v2");
	put(t, "/tcprouter/live/n2/tls", "tls=h:2 proxy=v2");
	assert_routes(t, HEAD "http http=h:1,h:2 tls=h:3\ntls tls=h:1,h:2 proxy=v2\n");
}

static void
a_secret_may_serve_several_names(void **state)
{
	struct table *t = *state;

	put(t, S "b", "{\"clientsecret\":\"abc\"}");
	put(t, S "a", "{\"clientsecret\":\"abc\"}");
	put(t, S "CATCH_ALL", "{\"clientsecret\":\"abc\"}");
	put(t, S "c", "tls=h:1");
	assert_routes(t, HEAD "* tls=pass:/v http=unix:/v proxy=v2\n"
	    "a tls=pass:/v http=unix:/v proxy=v2\n"
	    "b tls=pass:/v http=unix:/v proxy=v2\nc tls=h:1\n");
	assert_secrets(t, "secret=sha256:" HASH_OF_ABC " names=a,b\n");
	put(t, S "a", "{\"clientsecret\":\"\",\"addr\":\"h\",\"tlsport\":1}");
	assert_secrets(t, "secret=sha256:" HASH_OF_ABC " names=b\n");
}

static void
a_name_no_tunnel_can_have_gets_no_authorization(void **state)
{
	static const char id[] = "ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sq";
	struct table *t = *state;
	struct table_text text;
	char key[256];

	put(t, S "CATCH_ALL", "{\"clientsecret\":\"abc\"}");
	put(t, S "a", "{\"clientsecret\":\"abc\"}");
	snprintf(key, sizeof(key), S "%s.tun.example", id);
	put(t, key, "{\"clientsecret\":\"abc\"}");
	snprintf(key, sizeof(key), S "*.%s", id);
	put(t, key, "{\"clientsecret\":\"abc\"}");
	assert_true(table_text(t, &text));
	assert_int_equal(text.names, 4);
	assert_int_equal(text.barred, 3);
	assert_non_null(text.barred_why);
	table_text_free(&text);
	assert_secrets(t, "secret=sha256:" HASH_OF_ABC " names=a\n");
	assert_true(table_text(t, &text));
	assert_int_equal(text.barred, 0);	/* told already */
	table_text_free(&text);
}

/* tunneld/authfile.h: AUTHFILE_LINE_MAX */
static void
an_authorization_has_as_many_names_as_fit_in_a_line(void **state)
{
	struct table *t = *state;
	struct table_text text;
	struct slice rest;
	char key[256];

	for (unsigned i = 0; i < 6000; i++) {
		snprintf(key, sizeof(key), S "%063u.%063u.%063u.example", 0u, 0u, i);
		put(t, key, "{\"clientsecret\":\"abc\"}");
	}
	put(t, S "other", "{\"clientsecret\":\"def\"}");
	assert_true(table_text(t, &text));
	assert_int_equal(text.names, 6001);
	assert_in_range(text.barred, 700, 1000);
	rest = slice_of(text.secrets, text.secrets_len);
	for (unsigned i = 0; i < 2; i++)
		assert_in_range(slice_cut(&rest, '\n').len, 80, 1048576);
	assert_int_equal(rest.len, 0);
	table_text_free(&text);
}

/* The hash grows and shrinks under it; the same is kept in an array. */
static void
many_keys_come_and_go(void **state)
{
	struct table *t = *state;
	static bool there[3000];
	char key[64], value[64];
	unsigned random = 1;
	size_t n = 0;

	for (unsigned i = 0; i < 20000; i++) {
		unsigned k = (random = random * 1664525 + 1013904223) >> 8 & 0xffff;

		k %= 3000;
		snprintf(key, sizeof(key), S "h%u", k);
		snprintf(value, sizeof(value), "tls=h:%u", i % 7 + 1);
		if (random & 1 << 30) {
			put(t, key, value);
			n += !there[k];
			there[k] = true;
		} else {
			table_remove(t, slice_str(key));
			n -= there[k];
			there[k] = false;
		}
		assert_int_equal(table_counts(t).keys, n);
	}

	struct table_text text;

	assert_true(table_text(t, &text));
	assert_int_equal(text.names, n);
	table_text_free(&text);
}

static void
the_loss_between_two_texts_is_counted_by_name(void **state)
{
	struct lines a, b, spare = { 0 };
	struct lines_loss loss;

	(void)state;
	assert_true(lines_read(slice_str("c tls=h:1\na tls=h:1\na http=h:1\nb. tls=h:1\n"
	    "# x\nbad line\nA alpn:x=h:1"), &a));
	assert_true(lines_read(slice_str(HEAD "b tls=h:9\nd tls=h:1\n"), &b));
	loss = lines_loss(&a, &b, &spare);
	assert_int_equal(loss.names, 3);
	assert_int_equal(loss.lost, 2);
	spare = (struct lines){ .line = &(struct slice){ "c", 1 }, .n = 1 };
	loss = lines_loss(&a, &b, &spare);
	assert_int_equal(loss.names, 3);
	assert_int_equal(loss.lost, 1);
	loss = lines_loss(&b, &a, &spare);
	assert_int_equal(loss.names, 2);
	assert_int_equal(loss.lost, 1);
	assert_true(slice_is(lines_find(&a, slice_str("b")), "b tls=h:1"));
	assert_null(lines_find(&a, slice_str("bb")).p);
	lines_free(&a);
	lines_free(&b);
	assert_true(lines_read(slice_of(NULL, 0), &a));
	assert_int_equal(a.n, 0);
	lines_free(&a);
	/* it only says so */
	assert_true(lines_read(slice_str(HEAD "b tls=h:1\na tls=h:1\n"), &a));
	assert_true(slice_is(a.line[0], "a tls=h:1"));
	lines_free(&a);
}

static void
a_sorted_text_need_not_be_in_the_form_of_our_own(void **state)
{
	static const char *const same[] = { "a\ttls=h:1", "a  tls=h:1", " a tls=h:1", "a tls=h:1 ",
		"a tls=h:1\r", "a tls=h:1 # x", "a tls=h:1 #", "a tls=h:1\t# x",
		"A tls=h:1", "a. tls=h:1", "a tls=h:1" };
	char text[100];
	struct lines l;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		snprintf(text, sizeof(text), HEAD "# x\n:8000 tcp=unix:/X#1\n\n%s\nb tls=h:1",
		    same[i]);
		assert_true(lines_read(slice_str(text), &l));
		assert_int_equal(l.n, 3);
		assert_true(slice_is(l.line[0], ":8000 tcp=unix:/X#1"));
		assert_true(slice_is(l.line[1], "a tls=h:1"));
		assert_true(slice_is(l.line[2], "b tls=h:1"));
		assert_int_equal(l.text == NULL, i + 1 == sizeof(same) / sizeof(same[0]));
		lines_free(&l);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(routes_come_in_order_of_their_names,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(every_change_of_a_value_is_seen,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(of_several_keys_one_speaks_for_a_name,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(a_round_ends_with_what_it_met,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(a_malformed_value_keeps_the_last_good_line,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(
		    a_malformed_value_at_start_keeps_the_line_of_the_file, new_table, free_table),
		cmocka_unit_test_setup_teardown(
		    a_malformed_value_at_start_takes_no_name_from_a_good_key,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(
		    a_malformed_value_at_start_of_no_known_name_keeps_what_no_good_key_gives,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(a_malformed_value_at_start_may_say_what_it_is_about,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(a_malformed_sni_at_start_tells_no_name,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(a_key_of_no_length_is_no_line_that_is_kept,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(records_of_a_stream_differ_by_the_name_they_are_for,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(
		    of_several_records_of_a_stream_the_last_speaks_for_a_name,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(
		    a_nameless_record_of_a_stream_stays_when_another_has_the_name_of_its_key,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(
		    a_nameless_record_of_a_stream_counts_after_another_with_the_name_of_its_key,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(
		    a_nameless_record_of_a_stream_counts_beside_a_malformed_one_of_that_name,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(a_malformed_value_keeps_its_secret_at_start_too,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(many_lines_may_be_kept, new_table, free_table),
		cmocka_unit_test_setup_teardown(
		    a_malformed_record_of_a_stream_leaves_a_good_one_alone, new_table, free_table),
		cmocka_unit_test_setup_teardown(
		    what_nodes_published_may_stay_when_a_round_misses_it, new_table, free_table),
		cmocka_unit_test_setup_teardown(
		    what_is_removed_is_guarded_if_it_had_a_line_and_no_node_published_it,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(a_name_is_published_if_no_other_key_has_it,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(targets_of_several_nodes_stand_in_one_line,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(a_node_is_left_out_for_the_reason_told,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(a_name_of_several_nodes_may_be_spelt_like_a_key,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(a_secret_may_serve_several_names,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(a_name_no_tunnel_can_have_gets_no_authorization,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(an_authorization_has_as_many_names_as_fit_in_a_line,
		    new_table, free_table),
		cmocka_unit_test_setup_teardown(many_keys_come_and_go, new_table, free_table),
		cmocka_unit_test(the_loss_between_two_texts_is_counted_by_name),
		cmocka_unit_test(a_sorted_text_need_not_be_in_the_form_of_our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
