/* SPDX-License-Identifier: ISC */
/* Tests of routesync/record.c: keys, values and streams of JSON, in every form seen in the wild. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../routesync/record.h"

static struct record_reader reader = { .prefix = "/tcprouter/",
    .visitors = "/run/tunneld/visitors" };
static char result[ROUTES_LINE_MAX + 1];
static char hex[SHA256_HEX_SIZE];

/* The line a value gives, or "bad: WHY"; the value is an exact-size heap copy. */
static const char *
read_bytes(const char *name, const char *value, size_t n)
{
	char *copy = malloc(n);
	struct record record;

	if (n > 0)
		memcpy(copy, value, n);
	if (record_read(&reader, slice_str(name), slice_of(copy, n), &record))
		snprintf(result, sizeof(result), SLICE_FMT, SLICE_ARG(record.text.line));
	else
		snprintf(result, sizeof(result), "bad: %s", reader.why);
	if (record.has_secret)
		sha256_hex(record.secret, hex);
	free(copy);
	return result;
}

static const char *
read_value(const char *name, const char *value)
{
	return read_bytes(name, value, strlen(value));
}

static const char *
wrap(const char *json)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static char out[2048];
	size_t n = strlen(json),
	    at = (size_t)sprintf(out, "{\"Key\":\"tcprouter/service/k.example\",\"Value\":\"");

	for (size_t i = 0; i < n; i += 3) {
		unsigned b = i + 1 < n ? (uint8_t)json[i + 1] : 0,
		    c = i + 2 < n ? (uint8_t)json[i + 2] : 0;
		unsigned v = (unsigned)(uint8_t)json[i] << 16 | b << 8 | c;

		out[at++] = letters[v >> 18];
		out[at++] = letters[v >> 12 & 63];
		out[at++] = i + 1 < n ? letters[v >> 6 & 63] : '=';
		out[at++] = i + 2 < n ? letters[v & 63] : '=';
	}
	strcpy(out + at, "\",\"LastIndex\":0}");
	return out;
}

static void
assert_starts(const char *text, const char *begin)
{
	if (strncmp(text, begin, strlen(begin)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", text, begin);
}

/* ---- keys ---- */

static void
every_spelling_of_a_key_is_ours(void **state)
{
	static const struct {
		const char *key;
		enum record_rank rank;
		const char *name;
	} cases[] = {
		{ "/tcprouter/service/a.example", RANK_SERVICE, "a.example" },
		{ "tcprouter/service/a.example", RANK_OTHER, "a.example" },
		{ "//tcprouter/service/a.example", RANK_OTHER, "a.example" },
		{ "/tcprouter/services/a.example", RANK_OTHER, "a.example" },
		{ "tcprouter/services/a.example", RANK_OTHER, "a.example" },
		{ "//tcprouter/services/a.example", RANK_OTHER, "a.example" },
		{ "/tcprouter/service/CATCH_ALL", RANK_SERVICE, "*" },
		{ "/tcprouter/service/unix:/run/x", RANK_SERVICE, "unix:/run/x" },
		{ "/tcprouter/live/node.1/a.example", RANK_LIVE, "a.example" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct slice name;
		enum record_rank rank;

		assert_true(record_key(slice_str("/tcprouter/"), slice_str(cases[i].key),
		    &rank, &name));
		assert_int_equal(rank, cases[i].rank);
		assert_true(slice_is(name, cases[i].name));
	}
}

static void
other_keys_are_not_ours(void **state)
{
	static const char *const keys[] = { "", "/", "/tcprouter/service/", "/tcprouter/services/",
		"///tcprouter/service/a", "/tcprouter/servicex/a", "/tcprouter/serviceses/a",
		"/tcprouter/a", "x/tcprouter/service/a", "/Tcprouter/service/a",
		"/tcprouter/live/a", "/tcprouter/live//a", "/tcprouter/live/n/", "/tcprouter" };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct slice name;
		enum record_rank rank;

		assert_false(record_key(slice_str("/tcprouter/"), slice_str(keys[i]),
		    &rank, &name));
	}
}

/* ---- records ---- */

static void
a_record_gives_a_line(void **state)
{
	char longest[300];

	(void)state;
	snprintf(longest, sizeof(longest),
	    "{\"addr\":\"%063d.%063d.%063d.a%060d.\",\"tlsport\":443}", 1, 1, 1, 1);
	assert_starts(read_value("a.example", longest), "a.example tls=0");
	assert_string_equal(read_value("A.Example.", "{\"addr\":\"10.0.0.2\",\"tlsport\":443,"
	    "\"httpport\":80}"), "a.example tls=10.0.0.2:443 http=10.0.0.2:80");
	assert_string_equal(read_value("a.example", "{\"addr\":\"back.example\",\"tlsport\":8443}"),
	    "a.example tls=back.example:8443");
	assert_string_equal(read_value("a.example", "{\"addr\":\"2001:db8::1\",\"httpport\":80}"),
	    "a.example http=[2001:db8::1]:80");
	assert_string_equal(read_value("a.example", " \t\r\n{\"addr\":\"back.example\","
	    "\"tlsport\":65535,\"httpport\":\"65535\",\"value\":1}"),
	    "a.example tls=back.example:65535 http=back.example:65535");
	assert_string_equal(read_value("a.example",
	    "{\"addr\":\"::ffff:10.0.0.1\",\"httpport\":80}"),
	    "a.example http=[::ffff:10.0.0.1]:80");
	assert_string_equal(read_value("*", "{\"addr\":\"[::1]\",\"tlsport\":443}"),
	    "* tls=[::1]:443");
	assert_string_equal(read_value("*.a.example", "{\"addr\":\"10.0.0.2\",\"tlsport\":443}"),
	    "*.a.example tls=10.0.0.2:443");
}

static void
members_count_in_any_case_and_unknown_ones_do_not(void **state)
{
	(void)state;
	assert_string_equal(read_value("a.example", "{\"ADDR\":\"10.0.0.2\",\"TlsPort\":\"443\","
	    "\"httpport\":\"\",\"clientsecret\":\"\",\"user\":\"7\","
	    "\"bing\":{\"x\":[1]},\"name\":\"n\"}"),
	    "a.example tls=10.0.0.2:443");
}

/* Each value, and how its refusal begins. */
static void
assert_refused(const char *const (*values)[2], size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_starts(read_value("a.example", values[i][0]), values[i][1]);
}

static void
null_empty_and_0_count_as_absent(void **state)
{
	(void)state;
	assert_string_equal(read_value("a.example", "{\"addr\":\"10.0.0.2\",\"tlsport\":443,"
	    "\"httpport\":0,\"sni\":null,\"clientsecret\":null}"), "a.example tls=10.0.0.2:443");
	assert_string_equal(read_value("a.example", "{\"addr\":\"10.0.0.2\",\"tlsport\":null,"
	    "\"httpport\":\"80\"}"), "a.example http=10.0.0.2:80");
	assert_starts(read_value("a.example", "{\"addr\":0,\"tlsport\":443}"), "bad: neither addr");
}

static void
a_port_may_be_written_with_a_point(void **state)
{
	(void)state;
	assert_string_equal(read_value("a", "{\"addr\":\"h\",\"tlsport\":443.0,\"httpport\":0.0}"),
	    "a tls=h:443");
	assert_starts(read_value("a", "{\"addr\":\"h\",\"tlsport\":1e99}"), "bad: tlsport");
	assert_starts(read_value("a", "{\"addr\":\"h\",\"tlsport\":-1e99}"), "bad: tlsport");
}

static void
an_unknown_member_may_have_any_value(void **state)
{
	static const char *const values[] = { "18446744073709551615", "-9223372036854775809",
		"100000000000000000000000000000000", "1e300", "\"a\\u0000b\"",
		"[{\"x\":[null,\"\\u0000\"]}]" };
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text), "{\"addr\":\"h\",\"id\":%s,\"tlsport\":443}",
		    values[i]);
		assert_string_equal(read_value("a", text), "a tls=h:443");
		assert_string_equal(read_value("a", wrap(text)), "a tls=h:443");
	}
	assert_string_equal(read_value("a", "{\"Key\":\"\\u0000\","
	    "\"Value\":\"eyJhZGRyIjoiMTAuMC4wLjIiLCJ0bHNwb3J0Ijo0"
	    "NDN9\",\"LastIndex\":18446744073709551615}"), "a tls=10.0.0.2:443");
}

static void
a_nul_byte_in_a_known_member_is_refused(void **state)
{
	static const char *const values[][2] = {
		{ "{\"addr\":\"10.0.0.2\\u0000\",\"tlsport\":443}", "bad: addr has a NUL" },
		{ "{\"addr\":\"10.0.0.2:443\",\"sni\":\"a\\u0000\"}", "bad: sni has a NUL" },
		{ "{\"clientsecret\":\"\\u0000\"}", "bad: clientsecret has a NUL" },
		{ "{\"addr\":\"10.0.0.2\",\"tlsport\":\"443\\u0000\"}",
		    "bad: tlsport is not a port" },
		{ "{\"Key\":\"k\",\"Value\":\"bm8=\\u0000\"}", "bad: Value is not base64" },
	};

	(void)state;
	assert_refused(values, sizeof(values) / sizeof(values[0]));
}

static void
json_that_is_too_much_is_not_called_no_json(void **state)
{
	static char deep[4096] = "{\"x\":";

	(void)state;
	assert_starts(read_value("a", "{\"addr\":\"h\",\"tlsport\":443,\"x\":1e999}"),
	    "bad: a number that is too big");
	assert_starts(read_value("a", "{\"addr\":\"h\",\"tlsport\":443,\"\\u0000\":1}"),
	    "bad: a NUL byte in the name");
	memset(deep + strlen(deep), '[', sizeof(deep) - strlen(deep) - 1);
	assert_starts(read_value("a", deep), "bad: nested too deeply");
}

static void
the_older_form_routes_the_name_in_sni(void **state)
{
	(void)state;
	assert_string_equal(read_value("whatever",
	    "{\"addr\":\"10.0.0.2:8443\",\"sni\":\"B.example\",\"name\":\"whatever\"}"),
	    "b.example tls=10.0.0.2:8443");
	assert_string_equal(read_value("whatever", "{\"addr\":\"10.0.0.2\",\"sni\":\"b.example\"}"),
	    "b.example tls=10.0.0.2:443");
	assert_string_equal(read_value("whatever",
	    "{\"addr\":\"10.0.0.2\",\"sni\":\"b.example\",\"httpport\":80}"),
	    "b.example http=10.0.0.2:80");
	assert_string_equal(read_value("whatever", "{\"addr\":\"[::1]:99\",\"sni\":\"CATCH_ALL\"}"),
	    "* tls=[::1]:99");
	assert_string_equal(read_value("a.example", "{\"addr\":\"h.example:99\"}"),
	    "a.example tls=h.example:99");
}

static void
a_wrapped_record_counts_like_a_bare_one(void **state)
{
	(void)state;
	assert_string_equal(read_value("a.example", wrap("{\"addr\":\"10.0.0.2\","
	    "\"tlsport\":443}")), "a.example tls=10.0.0.2:443");
	assert_string_equal(read_value("a.example",
	    "{\"key\":\"x\",\"VALUE\":\"eyJhZGRyIjoiMTAuMC4wLjIiLCJ0bHNwb3J0Ijo0NDN9\\n\"}"),
	    "a.example tls=10.0.0.2:443");
}

static void
a_secret_gives_the_tunnel_route_and_its_hash(void **state)
{
	(void)state;
	assert_string_equal(read_value("a.example", "{\"clientsecret\":\"abc\",\"value\":1,"
	    "\"addr\":\"10.0.0.2\",\"tlsport\":443}"),
	    "a.example tls=pass:/run/tunneld/visitors http=unix:/run/tunneld/visitors proxy=v2");
	assert_string_equal(hex,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void
a_line_is_taken_as_it_is(void **state)
{
	(void)state;
	assert_string_equal(read_value("A.example", "tls=10.0.0.2:443 proxy=v2\n"),
	    "a.example tls=10.0.0.2:443 proxy=v2");
	assert_string_equal(read_value("a.example", "  tls=10.0.0.2:443\t balance=first  # so"),
	    "a.example tls=10.0.0.2:443 balance=first");
	assert_string_equal(read_value(":8000", "tcp=localhost:1234"), ":8000 tcp=localhost:1234");
}

static void
malformed_values_are_refused_with_a_reason(void **state)
{
	static const char *const values[][2] = {
		{ "", "bad: no target" },
		{ "nonsense", "bad: word 1: ... is not KEY=VALUE" },
		{ "tls", "bad: word 1: ... is not KEY=VALUE" },
		{ "  proxy=v2\t balance=first  x ", "bad: word 3: ... is not KEY=VALUE" },
		{ "tls=h:1 proxy=", "bad: word 2: proxy= is empty" },
		{ "tls=h:1 proxy=v3", "bad: word 2: bad value ... in proxy=: not v1 or v2" },
		{ "tls=h:1,,h:2", "bad: word 1: empty item in tls=" },
		{ "proxy=v2 alpn:h2=h", "bad: word 2: bad address ... in alpn:PROTO=: " },
		{ "tls=h:1 as=x",
		    "bad: word 2: as= in the wrong place: the name is known already" },
		{ "proxy=v2", "bad: no target" },
		{ "\"hunter2\"", "bad: word 1: ... is not" },
		{ "\xef\xbb\xbf{\"clientsecret\":\"hunter2\"}", "bad: word 1: ... is not" },
		{ "tls=10.0.0.2", "bad: word 1: bad address ... in tls=: " },
		{ "tls=10.0.0.2:443 color=red", "bad: word 2: unknown key ..." },
		{ "tls=10.0.0.2:443 tls=10.0.0.3:443", "bad: duplicate tls" },
		{ "tls=10.0.0.2:443\nevil.example tls=10.0.0.3:443", "bad: line feed" },
		{ "{\"addr", "bad: not JSON" },
		{ "{\"addr\": \"172.217.19.46\", \"httpport\" 80, \"tlsport\": 443}",
		    "bad: not JSON" },
		{ "{\"addr\":\"10.0.0.2\",\"tlsport\":443} x", "bad: not JSON" },
		{ "{}", "bad: neither addr nor clientsecret" },
		{ "{\"addr\":\"10.0.0.2\"}", "bad: neither tlsport nor httpport" },
		{ "{\"addr\":\"10.0.0.2\",\"tlsport\":65536}", "bad: tlsport is not a port" },
		{ "{\"addr\":\"10.0.0.2\",\"tlsport\":-1}", "bad: tlsport is not a port" },
		{ "{\"addr\":\"10.0.0.2\",\"tlsport\":true}", "bad: tlsport is not a port" },
		{ "{\"addr\":\"10.0.0.2\",\"tlsport\":\"https\"}", "bad: tlsport is not a port" },
		{ "{\"addr\":\"h\",\"tlsport\":443,\"httpport\":\"65536\"}",
		    "bad: httpport is not a port" },
		{ "{\"httpport\":-1,\"addr\":\"h\",\"tlsport\":443,\"sni\":\"a.example\","
		    "\"clientsecret\":\"s\"}", "bad: httpport is not a port" },
		{ "{\"addr\":[],\"httpport\":80}", "bad: addr is not text" },
		{ "{\"addr\":\"10.0.0.2\",\"httpport\":4.5}", "bad: httpport is not a port" },
		{ "{\"addr\":[],\"tlsport\":443}", "bad: addr is not text" },
		{ "{\"addr\":\"10.0.0.2 tls=1.1.1.1:1\",\"tlsport\":443}", "bad: addr is neither" },
		{ "{\"addr\":\"10.0.0.2:x\",\"sni\":\"a.example\"}", "bad: addr is neither" },
		{ "{\"addr\":\"10.0.0.2:0\",\"tlsport\":443}", "bad: addr is neither" },
		{ "{\"addr\":\"unix:/run/x\",\"tlsport\":443}", "bad: addr is neither" },
		{ "{\"addr\":\"10.0.0.2:80\",\"tlsport\":443}", "bad: the port in addr" },
		{ "{\"addr\":\"10.0.0.2\",\"sni\":\"no host\"}", "bad: blank" },
		{ "{\"addr\":\"10.0.0.2\",\"sni\":\"-\"}", "bad: bad name" },
		{ "{\"Key\":\"k\",\"Value\":\"!\"}", "bad: Value is not base64" },
		{ "{\"Key\":\"k\",\"Value\":7}", "bad: Value is not base64" },
		{ "{\"Key\":\"k\",\"Value\":\"bm8=\"}", "bad: not JSON" },
		{ "{\"Key\":\"k\",\"Value\":\"WzFd\"}", "bad: Value is not a JSON object" },
	};

	(void)state;
	assert_refused(values, sizeof(values) / sizeof(values[0]));
	assert_starts(read_value("a b", "tls=10.0.0.2:443"), "bad: blank");
	assert_starts(read_value("#a", "tls=10.0.0.2:443"), "bad: no name");
	assert_starts(read_value("a", "http=pass:/x"), "bad: word 1: pass: in http=");
	assert_starts(read_value(":80", "{\"addr\":\"10.0.0.2\",\"tlsport\":443}"),
	    "bad: word 1: tls= in the wrong place: a listening address takes tcp=");
	assert_starts(read_bytes("a", "tls=10.0.0.2:443\0x", 18), "bad: NUL byte");
	assert_starts(read_value("", "tls=10.0.0.2:443"), "bad: no name");
}

static void
no_reason_shows_a_secret(void **state)
{
	static const char *const values[] = { "hunter2", "[{\"clientsecret\":\"hunter2\"}]",
		"\"hunter2\"", "hunter2=", "=hunter2", "\xef\xbb\xbf{\"clientsecret\":\"hunter2\"}",
		"tls=h:1 hunter2", "tls=hunter2", "tls=h:1,hunter2", "tls=hunter2:x",
		"tls=h:1 proxy=hunter2", "tls=h:1 balance=hunter2", "tls=h:1 max=hunter2",
		"tls=h:1 allow=hunter2", "http=pass:hunter2", "tls=h:1 as=hunter2", "alpn:hunter2=",
		"alpn:hunter2=h", "alpn:\"hunter2=h", "alpn:hunter2=h:1 alpn:hunter2=h:1",
		"tls=h:1\nhunter2", "tls=h:1 password=hunter2", "tls=unix:hunter2",
		"tls=h:1 deny=hunter2/8", "hunter2=x # y", "alpn:hunter2\x01=h:1" };

	(void)state;
	assert_null(strstr(read_value("a", "{\"clientsecret\":\"hunter2\" \"hunter2\"}"),
	    "hunter2"));
	assert_null(strstr(read_value("a", "{\"clientsecret\":hunter2}"), "hunter2"));
	assert_null(strstr(read_value("a b", "{\"clientsecret\":\"hunter2\"}"), "hunter2"));
	assert_null(strstr(read_value("a", "{\"clientsecret\":\"x\",\"sni\":\"hunter2!\"}"),
	    "hunter2"));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_starts(read_value("a", values[i]), "bad: ");
		assert_null(strstr(result, "hunter2"));
	}
}

static void
a_value_longer_than_a_line_is_refused(void **state)
{
	size_t n = ROUTES_LINE_MAX - 1;	/* with a name and a blank before it one too many */
	char *text = malloc(n);

	(void)state;
	memset(text, 'x', n);
	memcpy(text, "tls=", 4);
	assert_starts(read_bytes("a", text, n), "bad: longer than a line");
	free(text);
}

static void
every_proper_prefix_of_a_record_is_malformed(void **state)
{
	static const char whole[] =
	    "{\"addr\":\"10.0.0.2\",\"tlsport\":443,\"clientsecret\":\"x\"}";

	(void)state;
	for (size_t n = 1; n < sizeof(whole) - 1; n++)
		assert_starts(read_bytes("a", whole, n), "bad: not JSON");
}

static void
a_refused_value_is_of_a_name_where_that_is_sure(void **state)
{
	static const char long_sni[] = "{\"sni\":\"%0400d.example\"}";
	static const struct {
		const char *value, *about;
	} cases[] = {
		{ "{}", "a.example" }, { "{\"addr\":1}", "a.example" }, { "{", NULL },
		{ "{\"sni\":\"B.example\"}", "B.example" }, { "{\"sni\":\"CATCH_ALL\"}", "*" },
		{ "{\"sni\":\"unix:/x\"}", "unix:/x" }, { "{\"sni\":\"-\"}", NULL },
		{ "{\"sni\":\"#\"}", NULL },
		{ "{\"sni\":\"b c\"}", NULL }, { "{\"sni\":7}", NULL },
		{ "tls=x", "a.example" }, { "nonsense", NULL },
	};
	char text[RECORD_NAME_MAX + 2], value[500];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_starts(read_value("a.example", cases[i].value), "bad: ");
		if (!slice_eq(reader.about, slice_str(cases[i].about)))
			fail_msg("wrong name for %s", cases[i].value);
	}
	snprintf(text, sizeof(text), "%0*d", (int)RECORD_NAME_MAX + 1, 1);
	read_value(text, "{}");
	assert_null(reader.about.p);
	read_value(text + 1, "{}");
	assert_true(slice_is(reader.about, text + 1));
	snprintf(value, sizeof(value), long_sni, 1);
	read_value("a", value);
	assert_null(reader.about.p);
}

/* ---- streams ---- */

static char told[4096];

static bool
on_told(void *arg, struct slice key, const struct record *record, const char *why)
{
	size_t at = strlen(told);

	(void)arg;
	if (record != NULL)
		snprintf(told + at, sizeof(told) - at, SLICE_FMT "%s\n",
		    SLICE_ARG(record->text.line), record->has_secret ? " (secret)" : "");
	else
		snprintf(told + at, sizeof(told) - at, "bad " SLICE_FMT ": %s\n",
		    SLICE_ARG(key), why);
	return true;
}

/* What a stream tells, or "refused". */
static const char *
stream(const char *text)
{
	size_t n = strlen(text);
	char *copy = malloc(n);

	if (n > 0)
		memcpy(copy, text, n);
	told[0] = '\0';
	if (!record_stream(&reader, slice_of(copy, n), on_told, NULL))
		strcpy(told, "refused");
	free(copy);
	return told;
}

static void
a_stream_holds_records_over_any_number_of_lines(void **state)
{
	char text[4096];

	(void)state;
	assert_string_equal(stream("{\"sni\":\"a.example\",\"addr\":\"10.0.0.2:443\"}\n"
	    "{\"sni\":\n\"b.example\",\n"
	    "\"addr\":\"10.0.0.3\"}{\"sni\":\"CATCH_ALL\",\"addr\":\"::1\"}\n\n"),
	    "a.example tls=10.0.0.2:443\nb.example tls=10.0.0.3:443\n* tls=[::1]:443\n");
	snprintf(text, sizeof(text), "%s\n%s", wrap("{\"addr\":\"10.0.0.2\",\"tlsport\":443}"),
	    "{\"Key\":\"/elsewhere/b.example\","
	    "\"Value\":\"eyJhZGRyIjoiMTAuMC4wLjIiLCJ0bHNwb3J0Ijo0NDN9\"}");
	assert_string_equal(stream(text),
	    "k.example tls=10.0.0.2:443\nb.example tls=10.0.0.2:443\n");
	assert_starts(stream("{\"Key\":\"/tcprouter/service/b/c\","
	    "\"Value\":\"eyJhZGRyIjoiMTAuMC4wLjIiLCJ0bHNwb3J0Ijo0NDN9\"}"
	    "{\"sni\":\"a\",\"addr\":\"h\"}"),
	    "bad /tcprouter/service/b/c: ");
	assert_string_equal(stream("{\"Value\":\"e30=\"} {\"sni\":\"a\",\"addr\":\"h\"}"),
	    "bad wrapper: no name: sni is missing\na tls=h:443\n");
}

static void
a_stream_that_is_no_json_is_refused(void **state)
{
	(void)state;
	assert_string_equal(stream(""), "refused");
	assert_string_equal(stream(" \n"), "refused");
	assert_string_equal(stream("{\"sni\":\"a.example\",\"addr\":\"10.0.0.2\"} {"), "refused");
	assert_string_equal(stream("{\"sni\":\"a.example\",\"addr\":\"10.0.0.2\"} x"), "refused");
	assert_string_equal(reader.why, "not JSON from byte 39 on");
	assert_string_equal(stream("tls=10.0.0.2:443"), "refused");
}

static void
a_stream_of_what_is_no_record_is_refused(void **state)
{
	static const char good[] = "{\"sni\":\"a.example\",\"addr\":\"10.0.0.2\"}";
	static const char *const values[] = { "7", "null", "true", "\"x\"", "[]",
		"[{\"sni\":\"a\",\"addr\":\"h\"}]" };
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_string_equal(stream(values[i]), "refused");
		assert_starts(reader.why, "a JSON value that is not an object before byte ");
		snprintf(text, sizeof(text), "%s %s", good, values[i]);
		assert_string_equal(stream(text), "refused");
		snprintf(text, sizeof(text), "%s %s", values[i], good);
		assert_string_equal(stream(text), "refused");
	}
	assert_string_equal(stream("{}"), "refused");
	assert_string_equal(stream("{\"error\":\"unauthorized\"} {\"addr\":\"10.0.0.2\","
	    "\"tlsport\":443}"), "refused");
	assert_string_equal(stream("{\"server\":{\"services\":[]}}"), "refused");
	assert_string_equal(stream("{\"server\":{\"services\":[]}} {\"sni\":\"a\",\"addr\":\"h\"}"),
	    "bad services: not an object\na tls=h:443\n");
	snprintf(text, sizeof(text), "{} %s", good);
	assert_string_equal(stream(text), "bad record: no name: sni is missing\n"
	    "a.example tls=10.0.0.2:443\n");
}

static void
the_configuration_of_tcprouter_is_read(void **state)
{
	(void)state;
	assert_string_equal(stream("{\"server\":{\"addr\":\"0.0.0.0\",\"port\":443,"
	    "\"dbbackend\":{\"type\":\"redis\"},\"services\":{"
	    "\"Www.google.com\":{\"addr\":\"172.217.19.46\",\"tlsport\":443,"
	    "\"httpport\":80},\"bad\":7,\"CATCH_ALL\":{\"addr\":\"127.0.0.1\",\"tlsport\":9092},"
	    "\"tun\":{\"clientsecret\":\"s\"},\"a\":{\"addr\":\"h\",\"tlsport\":1}}}}"),
	    "www.google.com tls=172.217.19.46:443 http=172.217.19.46:80\nbad bad: not an object\n"
	    "* tls=127.0.0.1:9092\n"
	    "tun tls=pass:/run/tunneld/visitors http=unix:/run/tunneld/visitors proxy=v2 (secret)\n"
	    "a tls=h:1\n");
	assert_string_equal(stream("{\"server\":{}}"), "");
	assert_string_equal(stream("{\"server\":{\"services\":null}}"), "");
}

static void
the_configuration_of_porxy_is_read(void **state)
{
	(void)state;
	assert_string_equal(stream("{\"listeners\":["
	    "{\"name\":\"l1\",\"backend\":\"b1\",\"address\":\"127.0.0.1\",\"port\":\"8080\"},"
	    "{\"name\":\"l2\",\"backend\":\"b2\",\"address\":\"\",\"port\":9090},"
	    "{\"name\":\"l3\",\"backend\":\"none\",\"address\":\"\",\"port\":1},"
	    "{\"backend\":\"b1\",\"address\":\"::1\",\"port\":0},"
	    "{\"name\":\"l5\",\"backend\":\"b1\",\"address\":\"\",\"port\":\"x\"},"
	    "{\"name\":\"l6\",\"backend\":\"b3\",\"address\":\"\",\"port\":1},"
	    "{\"name\":\"l7\",\"backend\":\"b1\",\"address\":\"\\u0000\",\"port\":1},7],"
	    "\"backends\":[{\"name\":\"b1\",\"host\":\"localhost\",\"port\":\"6379\"},"
	    "{\"name\":\"b2\",\"host\":\"::1\",\"port\":1},"
	    "{\"name\":\"b3\",\"host\":\"::1\",\"port\":0}]}"),
	    "127.0.0.1:8080 tcp=localhost:6379\n:9090 tcp=[::1]:1\n"
	    "bad l3: its backend is not in the list of backends\n"
	    "bad listener: no port\nbad l5: port is not a port number\nbad l6: no port\n"
	    "bad l7: address has a NUL byte in it\nbad listener: not an object\n");
}

/* Of two machines one has a plain char with a sign. */
static void
every_odd_byte_of_a_name_is_refused_with_one_reason(void **state)
{
	char name[] = "unix:/run/a?b";

	(void)state;
	assert_string_equal(read_value(" a", "tcp=10.0.0.2:1"),
	    "bad: blank, control or non-ASCII character in the name");
	for (unsigned c = 1; c <= 0xff; c += c == ' ' ? 0x7f - ' ' : 1) {
		*strchr(strcpy(name, "unix:/run/a?b"), '?') = (char)c;
		assert_string_equal(read_value(name, "tcp=10.0.0.2:1"),
		    "bad: blank, control or non-ASCII character in the name");
	}
	assert_string_equal(read_value("a\xc3\xa4.example", "tls=10.0.0.2:443"),
	    "bad: blank, control or non-ASCII character in the name");
	assert_string_equal(read_value("unix:/run/a!b~", "tcp=10.0.0.2:1"),
	    "unix:/run/a!b~ tcp=10.0.0.2:1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_of_a_key_is_ours),
		cmocka_unit_test(other_keys_are_not_ours),
		cmocka_unit_test(a_record_gives_a_line),
		cmocka_unit_test(members_count_in_any_case_and_unknown_ones_do_not),
		cmocka_unit_test(null_empty_and_0_count_as_absent),
		cmocka_unit_test(a_port_may_be_written_with_a_point),
		cmocka_unit_test(an_unknown_member_may_have_any_value),
		cmocka_unit_test(a_nul_byte_in_a_known_member_is_refused),
		cmocka_unit_test(json_that_is_too_much_is_not_called_no_json),
		cmocka_unit_test(the_older_form_routes_the_name_in_sni),
		cmocka_unit_test(a_wrapped_record_counts_like_a_bare_one),
		cmocka_unit_test(a_secret_gives_the_tunnel_route_and_its_hash),
		cmocka_unit_test(a_line_is_taken_as_it_is),
		cmocka_unit_test(malformed_values_are_refused_with_a_reason),
		cmocka_unit_test(no_reason_shows_a_secret),
		cmocka_unit_test(every_odd_byte_of_a_name_is_refused_with_one_reason),
		cmocka_unit_test(a_value_longer_than_a_line_is_refused),
		cmocka_unit_test(every_proper_prefix_of_a_record_is_malformed),
		cmocka_unit_test(a_refused_value_is_of_a_name_where_that_is_sure),
		cmocka_unit_test(a_stream_holds_records_over_any_number_of_lines),
		cmocka_unit_test(a_stream_that_is_no_json_is_refused),
		cmocka_unit_test(a_stream_of_what_is_no_record_is_refused),
		cmocka_unit_test(the_configuration_of_tcprouter_is_read),
		cmocka_unit_test(the_configuration_of_porxy_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
