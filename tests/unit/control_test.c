/* SPDX-License-Identifier: ISC */
/* Tests of lib/control.c: every message both ways, and all that is no message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "control.h"
#include "host.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define INSTANCE "00112233445566778899aabbccddeeff"
#define HELLO "{\"type\":\"hello\",\"version\":1,\"instance\":\"" INSTANCE "\""
#define TIMES "\"heartbeat_ms\":10000,\"dead_ms\":20000"
#define WELCOME "{\"type\":\"welcome\",\"version\":1,\"names\":[\"a.example\",\"*.b.example\"]," \
    TIMES ",\"streams\":1024"
#define ERROR "{\"type\":\"error\",\"code\":\"limit\""

static struct control got;
static const char *why;

/* On an exact-size heap copy, which is gone before anybody looks at the answer. */
static bool
read_bytes(const char *line, size_t len)
{
	char *copy = malloc(len);
	bool ok;

	control_free(&got);
	memset(&got, 'x', sizeof(got));
	memcpy(copy, line, len);
	why = NULL;
	ok = control_read(slice_of(copy, len), &got, &why);
	free(copy);
	assert_int_equal(ok, why == NULL);
	if (!ok) {
		assert_null(got.memory);
		assert_int_equal(got.type, CONTROL_OTHER);
	}
	return ok;
}

static bool
read_text(const char *line)
{
	return read_bytes(line, strlen(line));
}

static void
assert_refused(const char *const *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (read_text(line[i]))
			fail_msg("not refused: %s", line[i]);
}

static void
assert_taken(const char *const *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!read_text(line[i]))
			fail_msg("refused, %s: %s", why, line[i]);
}

static void
assert_service(size_t i, const char *kind, const char *name)
{
	assert_true(i < got.n_services);
	assert_string_equal(kind_word(got.services[i].kind), kind);
	if (name == NULL)
		assert_null(got.services[i].name.p);
	else
		assert_true(slice_is(got.services[i].name, name));
}

static int
forget(void **state)
{
	(void)state;
	control_free(&got);
	return 0;
}

/* ---- what is taken ---- */

static void
a_hello_gives_version_instance_and_services(void **state)
{
	(void)state;
	assert_true(read_text(HELLO ",\"services\":[{\"kind\":\"http\"},"
	    "{\"kind\":\"tcp\",\"name\":\"DB.Tun.Example.com.\"},"
	    "{\"kind\":\"tls\",\"name\":\"*.Example.org\"}]}"));
	assert_int_equal(got.type, CONTROL_HELLO);
	assert_int_equal(got.version, 1);
	assert_string_equal(got.instance, INSTANCE);
	assert_int_equal(got.n_services, 3);
	assert_service(0, "http", NULL);
	assert_service(1, "tcp", "db.tun.example.com");
	assert_service(2, "tls", "*.example.org");
}

static void
a_hello_may_say_nothing_of_services(void **state)
{
	(void)state;
	assert_true(read_text(HELLO "}"));
	assert_int_equal(got.n_services, 0);
	assert_true(read_text(HELLO ",\"services\":[]}"));
	assert_int_equal(got.n_services, 0);
}

static void
a_welcome_gives_names_times_and_limits(void **state)
{
	(void)state;
	assert_true(read_text(WELCOME ",\"after_ms\":1,\"within_ms\":5000}"));
	assert_int_equal(got.type, CONTROL_WELCOME);
	assert_int_equal(got.version, 1);
	assert_int_equal(got.n_names, 2);
	assert_true(slice_is(got.names[0], "a.example"));
	assert_true(slice_is(got.names[1], "*.b.example"));
	assert_int_equal(got.heartbeat_ms, 10000);
	assert_int_equal(got.dead_ms, 20000);
	assert_int_equal(got.streams, 1024);
	assert_int_equal(got.after_ms, 1);
	assert_int_equal(got.within_ms, 5000);
}

static void
a_hint_is_no_wish_when_it_is_left_out(void **state)
{
	(void)state;
	assert_true(read_text(WELCOME "}"));
	assert_int_equal(got.after_ms, 0);
	assert_int_equal(got.within_ms, 0);
	assert_true(read_text("{\"type\":\"drain\"}"));
	assert_int_equal(got.after_ms, 0);
	assert_int_equal(got.within_ms, 0);
}

static void
a_welcome_may_come_without_a_name(void **state)
{
	(void)state;
	assert_true(read_text("{\"type\":\"welcome\",\"version\":1,\"names\":[]," TIMES
	    ",\"streams\":1}"));
	assert_int_equal(got.n_names, 0);
}

static void
an_error_gives_code_text_and_hint(void **state)
{
	(void)state;
	assert_true(read_text(ERROR
	    ",\"text\":\"one session is enough\",\"after_ms\":60000,\"within_ms\":10}"));
	assert_int_equal(got.type, CONTROL_ERROR);
	assert_int_equal(got.code, CONTROL_LIMIT);
	assert_true(slice_is(got.text, "one session is enough"));
	assert_int_equal(got.after_ms, 60000);
	assert_int_equal(got.within_ms, 10);
	assert_true(read_text(ERROR "}"));
	assert_null(got.text.p);
	assert_true(read_text(ERROR ",\"text\":\"\"}"));
	assert_non_null(got.text.p);
	assert_int_equal(got.text.len, 0);
}

static void
every_code_has_its_word_and_an_unknown_one_is_refused_as_a_reason(void **state)
{
	static const char *const word[] = {
		[CONTROL_REFUSED] = "refused", [CONTROL_UNAUTHORISED] = "unauthorised",
		[CONTROL_EXPIRED] = "expired", [CONTROL_FROM] = "from", [CONTROL_LIMIT] = "limit",
		[CONTROL_REPLACED] = "replaced", [CONTROL_REVOKED] = "revoked",
		[CONTROL_VERSION_BAD] = "version", [CONTROL_PROTOCOL] = "protocol",
	};
	char line[100];

	(void)state;
	for (size_t i = 0; i < COUNT(word); i++) {
		assert_string_equal(control_code_word((enum control_code)i), word[i]);
		snprintf(line, sizeof(line), "{\"type\":\"error\",\"code\":\"%s\"}", word[i]);
		assert_true(read_text(line));
		assert_int_equal(got.code, i);
	}
	assert_true(read_text("{\"type\":\"error\",\"code\":\"moon\"}"));
	assert_int_equal(got.code, CONTROL_REFUSED);
}

static void
a_drain_gives_its_hint(void **state)
{
	(void)state;
	assert_true(read_text("{\"type\":\"drain\",\"after_ms\":0,\"within_ms\":30000}"));
	assert_int_equal(got.type, CONTROL_DRAIN);
	assert_int_equal(got.within_ms, 30000);
}

static void
what_is_unknown_is_ignored(void **state)
{
	static const char *const line[] = {
		"{\"type\":\"news\",\"version\":\"x\",\"names\":5}", "{\"type\":\"\"}",
		"{\"type\":\"Hello\"}", "{\"type\":\"refused\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(line); i++) {
		assert_true(read_text(line[i]));
		assert_int_equal(got.type, CONTROL_OTHER);
	}
	assert_true(read_text(HELLO ",\"x\":{\"y\":[1,2.5,null]},\"after_ms\":\"x\","
	    "\"services\":[{\"kind\":\"tls\",\"weight\":-1}]}"));
	assert_service(0, "tls", NULL);
}

static void
a_later_version_is_read_by_the_members_of_this_one(void **state)
{
	(void)state;
	assert_true(read_text("{\"type\":\"hello\",\"version\":4294967295,\"instance\":\"" INSTANCE
	    "\",\"news\":{}}"));
	assert_int_equal(got.version, 4294967295u);
	assert_string_equal(got.instance, INSTANCE);
	assert_false(read_text("{\"type\":\"hello\",\"version\":2}"));
}

static void
blanks_and_a_carriage_return_around_an_object_do_no_harm(void **state)
{
	static const char *const line[] = {
		" { \"type\" : \"drain\" } ", "{\"type\":\"drain\"}\r",
		"\t{\"type\":\"dr\\u0061in\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(line); i++) {
		assert_true(read_text(line[i]));
		assert_int_equal(got.type, CONTROL_DRAIN);
	}
}

/* ---- what is refused ---- */

static void
what_is_no_object_with_a_type_is_refused(void **state)
{
	static const char *const line[] = {
		"", " ", "x", "null", "true", "1", "\"hello\"", "[]",
		"[{\"type\":\"drain\"}]", "{}", "{\"type\":null}", "{\"type\":1}",
		"{\"type\":[\"drain\"]}", "{'type':'drain'}", "{\"type\":\"drain\"}{}",
		"{\"type\":\"drain\"},", "{\"type\":\"drain\",}", "{\"type\":\"drain\"",
		"{\"type\":\"drain\"}}", "{\"Type\":\"drain\"}", "{\"type\":\"drain\"}x",
		"\xef\xbb\xbf{\"type\":\"drain\"}", "{\"type\":\"dr\xff\"}", "{\"type\":\"\xc3\"}",
		"{\"type\":\"dr\nin\"}", "{\"type\":\"\\ud800\"}",
	};

	(void)state;
	assert_refused(line, COUNT(line));
}

static void
every_proper_prefix_is_refused(void **state)
{
	static const char *const line[] = {
		HELLO ",\"services\":[{\"kind\":\"http\"},{\"kind\":\"tcp\",\"name\":\"a.b\"}],"
		    "\"x\":[1.5e3,null,true]}",
		WELCOME ",\"after_ms\":1,\"within_ms\":5000}",
		ERROR ",\"text\":\"\\u00e9\xc3\xa9\",\"after_ms\":1}",
		"{\"type\":\"drain\",\"after_ms\":0,\"within_ms\":30000}",
	};

	(void)state;
	assert_taken(line, COUNT(line));
	for (size_t i = 0; i < COUNT(line); i++)
		for (size_t n = 0; n < strlen(line[i]); n++)
			assert_false(read_bytes(line[i], n));
}

static void
a_member_twice_is_refused_at_every_depth(void **state)
{
	static const char *const line[] = {
		"{\"type\":\"drain\",\"type\":\"drain\"}", HELLO ",\"version\":1}",
		"{\"type\":\"x\",\"a\":1,\"a\":1}",
		HELLO ",\"services\":[{\"kind\":\"tls\",\"kind\":\"tcp\"}]}",
		"{\"type\":\"x\",\"a\":{\"b\":[{\"c\":1,\"c\":2}]}}",
	};

	(void)state;
	assert_refused(line, COUNT(line));
	assert_string_equal(why, "a member stands there twice");
}

static void
a_nul_is_refused_wherever_it_stands(void **state)
{
	static const char line[] = "{\"type\":\"drain\",\"x\":\"y\"}";
	static const char *const escaped[] = { "{\"type\":\"drain\\u0000\"}",
		"{\"type\":\"drain\",\"\\u0000\":1}" };

	(void)state;
	for (size_t i = 0; i < sizeof(line) - 1; i++) {
		char bad[sizeof(line) - 1];

		memcpy(bad, line, sizeof(bad));
		bad[i] = '\0';
		assert_false(read_bytes(bad, sizeof(bad)));
	}
	assert_true(read_bytes(line, sizeof(line) - 1));
	assert_false(read_bytes(line, sizeof(line)));
	for (size_t i = 0; i < COUNT(escaped); i++) {
		assert_false(read_text(escaped[i]));
		assert_string_equal(why, "a text holds a NUL");
	}
}

static void
a_version_is_a_number_from_1(void **state)
{
	static const char *const version[] = {
		"0", "-1", "1.0", "1e0", "\"1\"", "true", "null", "[1]", "4294967296",
		"9223372036854775807", "18446744073709551617", "1e400", "01", "+1", "0x1",
	};
	char line[200];

	(void)state;
	for (size_t i = 0; i < COUNT(version); i++) {
		snprintf(line, sizeof(line),
		    "{\"type\":\"hello\",\"version\":%s,\"instance\":\"" INSTANCE "\"}",
		    version[i]);
		assert_false(read_text(line));
	}
	assert_false(read_text("{\"type\":\"hello\",\"version\":18446744073709551617}"));
	assert_string_equal(why, "a number is too large");
	assert_false(read_text("{\"type\":\"hello\",\"instance\":\"" INSTANCE "\"}"));
	assert_false(read_text("{\"type\":\"welcome\"}"));
}

static void
an_instance_is_32_lower_case_hexadecimal_digits(void **state)
{
	static const char *const instance[] = {
		"\"\"", "\"00112233445566778899aabbccddeef\"",
		"\"00112233445566778899aabbccddeeff0\"", "\"00112233445566778899AABBCCDDEEFF\"",
		"\"00112233445566778899aabbccddeefg\"", "\"0011223344556677:899aabbccddeeff\"",
		"\"/0112233445566778899aabbccddeeff\"",
		"\"00112233445566778899aabbccddee\\u00e9\"", "null", "1", "[]",
	};
	char line[200];

	(void)state;
	for (size_t i = 0; i < COUNT(instance); i++) {
		snprintf(line, sizeof(line), "{\"type\":\"hello\",\"version\":1,\"instance\":%s}",
		    instance[i]);
		assert_false(read_text(line));
	}
	assert_false(read_text("{\"type\":\"hello\",\"version\":1}"));
}

static void
a_service_has_one_of_three_kinds_and_perhaps_a_host_name(void **state)
{
	static const char *const services[] = {
		"null", "{}", "\"http\"", "1", "[\"http\"]", "[null]", "[[]]", "[{}]",
		"[{\"kind\":\"udp\"}]", "[{\"kind\":\"\"}]", "[{\"kind\":\"HTTP\"}]",
		"[{\"kind\":\"http1\"}]", "[{\"kind\":1}]", "[{\"kind\":null}]",
		"[{\"name\":\"a\"}]", "[{\"kind\":\"tcp\",\"name\":\"\"}]",
		"[{\"kind\":\"tcp\",\"name\":null}]", "[{\"kind\":\"tcp\",\"name\":1}]",
		"[{\"kind\":\"tcp\",\"name\":\"*\"}]", "[{\"kind\":\"tcp\",\"name\":\"*.\"}]",
		"[{\"kind\":\"tcp\",\"name\":\"*a.b\"}]", "[{\"kind\":\"tcp\",\"name\":\"*.*.b\"}]",
		"[{\"kind\":\"tcp\",\"name\":\"a.*.b\"}]",
		"[{\"kind\":\"tcp\",\"name\":\"192.0.2.1\"}]",
		"[{\"kind\":\"tcp\",\"name\":\"a b\"}]",
		"[{\"kind\":\"tcp\",\"name\":\"b\303\274cher.example\"}]",
		"[{\"kind\":\"tls\"},{\"kind\":\"x\"}]",
	};
	char line[300];

	(void)state;
	for (size_t i = 0; i < COUNT(services); i++) {
		snprintf(line, sizeof(line), HELLO ",\"services\":%s}", services[i]);
		if (read_text(line))
			fail_msg("not refused: %s", line);
	}
}

static void
a_welcome_lacks_none_of_its_members(void **state)
{
	static const char *const line[] = {
		"{\"type\":\"welcome\",\"names\":[]," TIMES ",\"streams\":1}",
		"{\"type\":\"welcome\",\"version\":1," TIMES ",\"streams\":1}",
		"{\"type\":\"welcome\",\"version\":1,\"names\":[],\"dead_ms\":1,\"streams\":1}",
		"{\"type\":\"welcome\",\"version\":1,\"names\":[],"
		"\"heartbeat_ms\":1,\"streams\":1}",
		"{\"type\":\"welcome\",\"version\":1,\"names\":[]," TIMES "}",
	};

	(void)state;
	assert_refused(line, COUNT(line));
}

static void
names_are_a_list_of_host_names(void **state)
{
	static const char *const names[] = {
		"null", "\"a\"", "{}", "[1]", "[null]", "[[\"a\"]]", "[\"\"]", "[\"*\"]",
		"[\"a\",\"b c\"]", "[\"-a\"]",
	};
	char line[300];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(line, sizeof(line),
		    "{\"type\":\"welcome\",\"version\":1,\"names\":%s," TIMES
		    ",\"streams\":1}", names[i]);
		assert_false(read_text(line));
	}
}

/* The line with number in the place of its '@'. */
static bool
read_with(const char *line, const char *number)
{
	const char *at = strchr(line, '@');
	char filled[300];

	snprintf(filled, sizeof(filled), "%.*s%s%s", (int)(at - line), line, number, at + 1);
	return read_text(filled);
}

/* Of all numbers in the place of '@' those from min to max are taken. */
static void
assert_range(const char *line, uint64_t min, uint64_t max)
{
	static const char *const bad[] = {
		"-1", "1.5", "1.0", "1e3", "\"1\"", "null", "true", "{}", "9223372036854775808",
		"-9223372036854775808", "1e999",
	};
	const uint64_t number[] = { min - 1, min, max, max + 1 };
	char text[30];

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(read_with(line, bad[i]));
	for (size_t i = 0; i < COUNT(number); i++) {
		snprintf(text, sizeof(text), "%lld", (long long)number[i]);
		assert_int_equal(read_with(line, text), i == 1 || i == 2);
	}
}

static void
numbers_are_whole_and_within_their_ranges(void **state)
{
#define LIMITS "{\"type\":\"welcome\",\"version\":1,\"names\":[],"

	(void)state;
	assert_range(LIMITS "\"dead_ms\":1,\"streams\":1,\"heartbeat_ms\":@}", 0, 86400000);
	assert_range(LIMITS "\"heartbeat_ms\":1,\"streams\":1,\"dead_ms\":@}", 0, 86400000);
	assert_range(LIMITS TIMES ",\"streams\":@}", 1, 2147483647);
	assert_range(WELCOME ",\"after_ms\":@}", 0, 86400000);
	assert_range(WELCOME ",\"within_ms\":@}", 0, 86400000);
	assert_range(ERROR ",\"after_ms\":@}", 0, 86400000);
	assert_range(ERROR ",\"text\":\"t\",\"within_ms\":@}", 0, 86400000);
	assert_range("{\"type\":\"drain\",\"after_ms\":@}", 0, 86400000);
	assert_range("{\"type\":\"drain\",\"within_ms\":@}", 0, 86400000);
}

static void
an_error_has_a_code_and_text_is_text(void **state)
{
	static const char *const line[] = {
		"{\"type\":\"error\"}", "{\"type\":\"error\",\"text\":\"x\"}",
		"{\"type\":\"error\",\"code\":1}", "{\"type\":\"error\",\"code\":null}",
		ERROR ",\"text\":1}", ERROR ",\"text\":null}", ERROR ",\"text\":[]}",
	};

	(void)state;
	assert_refused(line, COUNT(line));
}

/* ---- bounds ---- */

static void
a_line_has_65536_bytes_at_most_with_its_newline(void **state)
{
	static const char message[] = "{\"type\":\"drain\"}";
	char *line = malloc(CONTROL_LINE_MAX);

	(void)state;
	memset(line, ' ', CONTROL_LINE_MAX);
	memcpy(line, message, sizeof(message) - 1);
	assert_true(read_bytes(line, CONTROL_LINE_MAX - 1));
	assert_false(read_bytes(line, CONTROL_LINE_MAX));
	free(line);
}

static void
nesting_is_bounded(void **state)
{
	size_t len = CONTROL_LINE_MAX - 1;
	char *line = malloc(len);

	(void)state;
	memset(line, '[', len);
	assert_false(read_bytes(line, len));
	assert_string_equal(why, "nested too deeply");
	memcpy(line, "{\"type\":\"x\",\"x\":", 16);
	assert_false(read_bytes(line, len));
	free(line);
}

/* start, n times "item" with commas between them, end. */
static char *
repeat(const char *start, const char *item, size_t n, const char *end)
{
	char *line = malloc(strlen(start) + n * (strlen(item) + 1) + strlen(end) + 1),
	    *at = stpcpy(line, start);

	for (size_t i = 0; i < n; i++)
		at = stpcpy(i == 0 ? at : stpcpy(at, ","), item);
	strcpy(at, end);
	return line;
}

static bool
read_repeated(const char *start, const char *item, size_t n, const char *end)
{
	char *line = repeat(start, item, n, end);
	bool ok = read_text(line);

	free(line);
	return ok;
}

static void
lists_are_bounded(void **state)
{
	static const char names[] = "{\"type\":\"welcome\",\"version\":1," TIMES
	    ",\"streams\":1,\"names\":[";

	(void)state;
	assert_true(read_repeated(HELLO ",\"services\":[", "{\"kind\":\"tls\",\"name\":\"*.a\"}",
	    64, "]}"));
	assert_int_equal(got.n_services, 64);
	assert_service(63, "tls", "*.a");
	assert_false(read_repeated(HELLO ",\"services\":[", "{\"kind\":\"tls\"}", 65, "]}"));
	assert_true(read_repeated(names, "\"A.b.\"", 256, "]}"));
	assert_int_equal(got.n_names, 256);
	assert_true(slice_is(got.names[255], "a.b"));
	assert_false(read_repeated(names, "\"a.b\"", 257, "]}"));
}

static void
a_name_has_253_bytes_at_most(void **state)
{
	char name[300], line[500];

	(void)state;
	for (size_t i = 0; i < HOST_MAX; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	name[HOST_MAX] = '\0';
	snprintf(line, sizeof(line),
	    HELLO ",\"services\":[{\"kind\":\"tls\",\"name\":\"*.%s.\"}]}", name);
	assert_true(read_text(line));
	assert_int_equal(got.services[0].name.len, 2 + HOST_MAX);
	snprintf(line, sizeof(line),
	    HELLO ",\"services\":[{\"kind\":\"tls\",\"name\":\"%sa\"}]}", name);
	assert_false(read_text(line));
}

static void
control_characters_of_a_text_become_blanks(void **state)
{
	(void)state;
	assert_true(read_text(ERROR ","
	    "\"text\":\"a\\nb\\u001bc\\u007fd\x7f"
	    "e\\u0080f\\u009fg\\u00a0h\xc3\xa9i\xe2\x82\xac\"}"));
	assert_true(slice_is(got.text, "a b c d e f g\xc2\xa0h\xc3\xa9i\xe2\x82\xac"));
}

static void
a_long_text_is_cut_between_characters(void **state)
{
	static const char euro[] = "\xe2\x82\xac";
	size_t fit = CONTROL_TEXT_MAX / 3;
	char line[3 * CONTROL_TEXT_MAX], *at = stpcpy(line, ERROR ",\"text\":\"");

	(void)state;
	for (size_t i = 0; i < fit + 1; i++)
		at = stpcpy(at, euro);
	strcpy(at, "\"}");
	assert_true(read_text(line));
	assert_int_equal(got.text.len, fit * 3);
	assert_memory_equal(got.text.p + got.text.len - 3, euro, 3);
	memset(line + strlen(ERROR ",\"text\":\""), 'x', (fit + 1) * 3);
	assert_true(read_text(line));
	assert_int_equal(got.text.len, CONTROL_TEXT_MAX);
}

/* ---- writing ---- */

static void
assert_written(const struct control *c, const char *expected)
{
	size_t len;
	char *line = control_write(c, &len);

	assert_non_null(line);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(line, expected, len);
	assert_true(read_bytes(line, len - 1));
	assert_int_equal(got.type, c->type);
	free(line);
}

static void
every_message_is_written_as_the_manual_shows_it(void **state)
{
	struct control_service services[] = {
		{ .kind = KIND_HTTP },
		{ .kind = KIND_TCP, .name = slice_str("db.tun.example.com") },
	};
	struct slice names[] = { slice_str("a.example"), slice_str("*.b.example") };

	(void)state;
	assert_written(&(struct control){ .type = CONTROL_HELLO, .version = 1, .instance = INSTANCE,
	    .services = services, .n_services = 2 },
	    HELLO ",\"services\":[{\"kind\":\"http\"},{\"kind\":\"tcp\","
	    "\"name\":\"db.tun.example.com\"}]}\n");
	assert_written(&(struct control){ .type = CONTROL_HELLO, .version = 1,
	    .instance = INSTANCE }, HELLO ",\"services\":[]}\n");
	assert_written(&(struct control){ .type = CONTROL_WELCOME, .version = 1, .names = names,
	    .n_names = 2, .heartbeat_ms = 10000, .dead_ms = 20000, .streams = 1024,
	    .within_ms = 5000 }, WELCOME ",\"after_ms\":0,\"within_ms\":5000}\n");
	assert_written(&(struct control){ .type = CONTROL_ERROR, .code = CONTROL_LIMIT,
	    .text = slice_str("a \"b\""), .after_ms = 60000 },
	    ERROR ",\"text\":\"a \\\"b\\\"\",\"after_ms\":60000,\"within_ms\":0}\n");
	assert_written(&(struct control){ .type = CONTROL_ERROR, .code = CONTROL_LIMIT },
	    ERROR ",\"after_ms\":0,\"within_ms\":0}\n");
	assert_written(&(struct control){ .type = CONTROL_DRAIN, .within_ms = 30000 },
	    "{\"type\":\"drain\",\"after_ms\":0,\"within_ms\":30000}\n");
}

static void
a_text_to_be_written_is_cut_and_never_breaks_the_line(void **state)
{
	char text[CONTROL_TEXT_MAX + 10];
	struct control c = { .type = CONTROL_ERROR, .code = CONTROL_LIMIT,
	    .text = slice_of(text, sizeof(text)) };

	(void)state;
	assert_written(&(struct control){ .type = CONTROL_ERROR, .code = CONTROL_LIMIT,
	    .text = slice_str("a\nb") },
	    ERROR ",\"text\":\"a\\nb\",\"after_ms\":0,\"within_ms\":0}\n");
	assert_written(&(struct control){ .type = CONTROL_ERROR, .code = CONTROL_LIMIT,
	    .text = slice_str("\xff") }, ERROR ",\"after_ms\":0,\"within_ms\":0}\n");
	memset(text, 'x', sizeof(text));
	size_t len;
	char *line = control_write(&c, &len);

	assert_int_equal(len, strlen(ERROR ",\"text\":\"\",\"after_ms\":0,\"within_ms\":0}\n") +
	    CONTROL_TEXT_MAX);
	assert_true(read_bytes(line, len - 1));
	free(line);
}

static void
what_would_not_be_read_is_not_written(void **state)
{
	char name[HOST_MAX];
	struct slice names[CONTROL_NAMES_MAX], bad[] = { slice_str("\xff"), slice_str("a") };
	struct control_service services[] = { { .kind = KIND_TLS, .name = bad[0] },
		{ .kind = KIND_TLS } };
	struct control c = { .type = CONTROL_WELCOME, .version = 1, .streams = 1, .names = names,
	    .n_names = CONTROL_NAMES_MAX };
	size_t len;

	(void)state;
	memset(name, 'a', sizeof(name));
	for (size_t i = 0; i < CONTROL_NAMES_MAX; i++)
		names[i] = slice_of(name, sizeof(name));
	assert_null(control_write(&c, &len));
	assert_null(control_write(&(struct control){ .type = CONTROL_OTHER }, &len));
	assert_null(control_write(&(struct control){ .type = CONTROL_WELCOME, .names = bad,
	    .n_names = 2 }, &len));
	assert_null(control_write(&(struct control){ .type = CONTROL_HELLO, .services = services,
	    .n_services = 2 }, &len));
}

static void
the_longest_line_is_written_and_read(void **state)
{
	char name[HOST_MAX], head[200];
	struct slice names[CONTROL_NAMES_MAX];
	struct control c = { .type = CONTROL_WELCOME, .version = 1, .streams = 1, .names = names,
	    .n_names = CONTROL_NAMES_MAX };
	size_t len, over = (size_t)snprintf(head, sizeof(head),
	    "{\"type\":\"welcome\",\"version\":1,\"names\":[%s],"
	    "\"heartbeat_ms\":0,\"dead_ms\":0,\"streams\":1,\"after_ms\":0,\"within_ms\":0}\n", "");
	char *line;

	(void)state;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	for (size_t i = 0; i < CONTROL_NAMES_MAX; i++)
		names[i] = slice_of(name, 240);
	over += CONTROL_NAMES_MAX * (240 + 3) - 1;
	for (size_t i = 0; over < CONTROL_LINE_MAX; i++) {
		size_t more = CONTROL_LINE_MAX - over < 13 ? CONTROL_LINE_MAX - over : 13;

		names[i].len += more;
		over += more;
	}
	assert_non_null(line = control_write(&c, &len));
	assert_int_equal(len, CONTROL_LINE_MAX);
	assert_true(read_bytes(line, len - 1));
	assert_int_equal(got.n_names, CONTROL_NAMES_MAX);
	free(line);
	names[CONTROL_NAMES_MAX - 1].len++;
	assert_null(control_write(&c, &len));
}

/* ---- lines ---- */

static enum control_line
cut(const char *bytes, size_t len, uint32_t *scanned, size_t *line_len)
{
	char *copy = malloc(len);
	struct slice line;
	enum control_line r;

	memcpy(copy, bytes, len);
	r = control_line(slice_of(copy, len), scanned, &line);
	*line_len = line.len;
	assert_true(line.p == copy);
	free(copy);
	return r;
}

static void
a_line_is_whole_once_its_newline_is_there(void **state)
{
	uint32_t scanned = 0;
	size_t len;

	(void)state;
	for (size_t n = 1; n <= 3; n++) {
		assert_int_equal(cut("abc\n\nx", n, &scanned, &len), CONTROL_LINE_MORE);
		assert_int_equal(scanned, n);
		assert_int_equal(cut("abc\n\nx", n, &scanned, &len), CONTROL_LINE_MORE);
	}
	assert_int_equal(cut("abc\n\nx", 6, &scanned, &len), CONTROL_LINE_OK);
	assert_int_equal(len, 3);
	assert_int_equal(cut("\nx", 2, &scanned, &len), CONTROL_LINE_OK);
	assert_int_equal(len, 0);
	assert_int_equal(cut("x", 1, &scanned, &len), CONTROL_LINE_MORE);
	assert_int_equal(control_line(slice_of(NULL, 0), &(uint32_t){ 0 }, &(struct slice){ 0 }),
	    CONTROL_LINE_MORE);
}

static void
a_line_that_is_or_will_be_too_long_is_reported(void **state)
{
	char *bytes = malloc(CONTROL_LINE_MAX + 1);
	uint32_t scanned = 0;
	size_t len;

	(void)state;
	memset(bytes, ' ', CONTROL_LINE_MAX);
	assert_int_equal(cut(bytes, CONTROL_LINE_MAX - 1, &scanned, &len), CONTROL_LINE_MORE);
	assert_int_equal(cut(bytes, CONTROL_LINE_MAX, &scanned, &len), CONTROL_LINE_LONG);
	scanned = 0;
	bytes[CONTROL_LINE_MAX] = '\n';
	assert_int_equal(cut(bytes, CONTROL_LINE_MAX + 1, &scanned, &len), CONTROL_LINE_LONG);
	bytes[CONTROL_LINE_MAX - 1] = '\n';
	assert_int_equal(cut(bytes, CONTROL_LINE_MAX + 1, &scanned, &len), CONTROL_LINE_OK);
	assert_int_equal(len, CONTROL_LINE_MAX - 1);
	free(bytes);
}

static void
freeing_twice_is_fine(void **state)
{
	(void)state;
	assert_true(read_text(WELCOME "}"));
	control_free(&got);
	assert_int_equal(got.n_names, 0);
	control_free(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_gives_version_instance_and_services),
		cmocka_unit_test(a_hello_may_say_nothing_of_services),
		cmocka_unit_test(a_welcome_gives_names_times_and_limits),
		cmocka_unit_test(a_hint_is_no_wish_when_it_is_left_out),
		cmocka_unit_test(a_welcome_may_come_without_a_name),
		cmocka_unit_test(an_error_gives_code_text_and_hint),
		cmocka_unit_test(every_code_has_its_word_and_an_unknown_one_is_refused_as_a_reason),
		cmocka_unit_test(a_drain_gives_its_hint),
		cmocka_unit_test(what_is_unknown_is_ignored),
		cmocka_unit_test(a_later_version_is_read_by_the_members_of_this_one),
		cmocka_unit_test(blanks_and_a_carriage_return_around_an_object_do_no_harm),
		cmocka_unit_test(what_is_no_object_with_a_type_is_refused),
		cmocka_unit_test(every_proper_prefix_is_refused),
		cmocka_unit_test(a_member_twice_is_refused_at_every_depth),
		cmocka_unit_test(a_nul_is_refused_wherever_it_stands),
		cmocka_unit_test(a_version_is_a_number_from_1),
		cmocka_unit_test(an_instance_is_32_lower_case_hexadecimal_digits),
		cmocka_unit_test(a_service_has_one_of_three_kinds_and_perhaps_a_host_name),
		cmocka_unit_test(a_welcome_lacks_none_of_its_members),
		cmocka_unit_test(names_are_a_list_of_host_names),
		cmocka_unit_test(numbers_are_whole_and_within_their_ranges),
		cmocka_unit_test(an_error_has_a_code_and_text_is_text),
		cmocka_unit_test(a_line_has_65536_bytes_at_most_with_its_newline),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(a_name_has_253_bytes_at_most),
		cmocka_unit_test(control_characters_of_a_text_become_blanks),
		cmocka_unit_test(a_long_text_is_cut_between_characters),
		cmocka_unit_test(every_message_is_written_as_the_manual_shows_it),
		cmocka_unit_test(a_text_to_be_written_is_cut_and_never_breaks_the_line),
		cmocka_unit_test(what_would_not_be_read_is_not_written),
		cmocka_unit_test(the_longest_line_is_written_and_read),
		cmocka_unit_test(a_line_is_whole_once_its_newline_is_there),
		cmocka_unit_test(a_line_that_is_or_will_be_too_long_is_reported),
		cmocka_unit_test(freeing_twice_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
