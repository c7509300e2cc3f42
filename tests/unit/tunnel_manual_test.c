/* SPDX-License-Identifier: ISC */
/*
 * What lib/tunnel.7 shows byte by byte is what the code makes of it: ids, the session,
 * the ancestors' handshake.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "control.h"
#include "identity.h"
#include "proxyhdr.h"
#include "secret.h"
#include "sha256.h"
#include "tls.h"
#include "yamux.h"

#define MANUAL "lib/tunnel.7"
#define BYTES_MAX 4096u
#define PING 0x0000002au

/* ---- the manual ---- */

static char manual[65536], display[16384];
static char flat[sizeof(manual)];	/* with blanks for newlines */

static int
read_manual(void **state)
{
	FILE *f = fopen(MANUAL, "r");

	(void)state;
	if (f == NULL)
		return -1;
	manual[fread(manual, 1, sizeof(manual) - 1, f)] = '\0';
	fclose(f);
	for (size_t i = 0; manual[i] != '\0'; i++)
		flat[i] = manual[i] == '\n' ? ' ' : manual[i];
	return 0;
}

/* The first display behind the heading, as a reader sees it. */
static void
show(const char *heading)
{
	const char *at = strstr(manual, heading), *end;
	char *out = display;

	assert_non_null(at);
	at = strstr(at, "\n.Bd -literal");
	assert_non_null(at);
	at = strchr(at + 1, '\n') + 1;
	end = strstr(at, ".Ed\n");
	assert_true(end != NULL && (size_t)(end - at) < sizeof(display));
	while (at < end) {
		*out++ = *at;
		at += at[0] == '\\' && at[1] == 'e' ? 2 : 1;
	}
	*out = '\0';
}

/* All lines of the display that begin with label, joined without it. */
static char *
lines_of(const char *label)
{
	static char copy[sizeof(display)];
	char joined[sizeof(display)] = "", *rest = strcpy(copy, display), *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (strncmp(line, label, strlen(label)) == 0)
			strcat(joined, line + strlen(label));
	return strcpy(copy, joined);
}

/* ---- ids ---- */

static void
base32(const uint8_t *hash, char *out)
{
	for (unsigned bit = 0; bit < 8 * SHA256_SIZE; bit += 5) {
		unsigned value = 0;

		for (unsigned i = bit; i < bit + 5; i++)
			value = value << 1 |
			    (i < 8 * SHA256_SIZE ? hash[i / 8] >> (7 - i % 8) & 1u : 0);
		*out++ = "abcdefghijklmnopqrstuvwxyz234567"[value];
	}
	*out = '\0';
}

/* PEM, JWK, hash and id of one display belong together, and are what a key file makes of it. */
static void
assert_identity(const char *anchor)
{
	char why[IDENTITY_WHY_MAX], id[64], hex[SHA256_HEX_SIZE];
	uint8_t hash[SHA256_SIZE];
	struct identity *me;

	show(anchor);
	me = identity_parse(slice_str(strstr(display, "-----BEGIN ")), why);
	assert_non_null(me);
	assert_string_equal(lines_of("id    "), identity_id(me));
	identity_free(me);
	sha256(slice_str(lines_of("jwk   ")), hash);
	assert_string_equal(lines_of("hash  "), sha256_hex(hash, hex));
	base32(hash, id);
	assert_string_equal(lines_of("id    "), id);
}

static void
ids_are_those_of_the_keys_shown(void **state)
{
	(void)state;
	assert_identity("The Ed25519 key of RFC 8037");
	assert_identity("The P-256 key of RFC 7515");
}

/* ---- bytes and who sends them ---- */

struct transcript {
	uint16_t byte[BYTES_MAX];	/* 'C' or 'S' in the upper half */
	size_t len;
};

static struct transcript shown, real;

static void
say(struct transcript *t, char who, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	assert_true(t->len + len <= BYTES_MAX);
	for (size_t i = 0; i < len; i++)
		t->byte[t->len++] = (uint16_t)(who << 8 | p[i]);
}

/* Text behind '|': \r and \n are bytes. */
static void
read_text(char who, const char *p)
{
	for (; *p != '\0'; p++) {
		char c = *p;

		if (c == '\\') {
			c = *++p;
			assert_true(c == 'r' || c == 'n');
			c = c == 'r' ? '\r' : '\n';
		}
		say(&shown, who, &c, 1);
	}
}

/* Pairs of digits with one blank between them; what comes behind two blanks is for people. */
static void
read_hex(char who, const char *p)
{
	unsigned byte;
	int used;

	while (sscanf(p, "%2x%n", &byte, &used) == 1 && used == 2) {
		say(&shown, who, &(uint8_t){ (uint8_t)byte }, 1);
		p += 2;
		if (p[0] != ' ' || p[1] == ' ')
			break;
		p++;
	}
	assert_true(*p == '\0' || *p == ' ');
}

static void
read_shown(void)
{
	char *rest = display, *line, who = '?';

	shown.len = 0;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (line[0] == 'C' || line[0] == 'S')
			who = line[0];
		if (strlen(line) < 3)
			continue;
		if (line[3] == '|')
			read_text(who, line + 4);
		else
			read_hex(who, line + 3);
	}
}

static void
assert_shown(void)
{
	size_t i = 0;

	read_shown();
	while (i < shown.len && i < real.len && shown.byte[i] == real.byte[i])
		i++;
	if (i == shown.len && i == real.len)
		return;
	for (size_t j = 0; j < real.len; j++) {
		if (j == 0 || real.byte[j] >> 8 != real.byte[j - 1] >> 8)
			fprintf(stderr, "\n%c:", real.byte[j] >> 8);
		fprintf(stderr, " %02x", real.byte[j] & 0xff);
	}
	fail_msg("%s: byte %zu of %zu (shown: %zu) is another one", MANUAL, i, real.len, shown.len);
}

/* ---- the session ---- */

#define ID "sd5mv7vjwfkwngcub5ymael2elvdppk46pwtyryjhqlqokbljoeq"
#define HOST_NAME ID ".tun.example.com"
#define REQUEST "GET / HTTP/1.1\r\nHost: " HOST_NAME "\r\n\r\n"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi\n"

/* One end, and the streams it has. */
struct end {
	char who;
	struct yamux *y;
	struct yamux_stream stream[3];
	size_t streams;
};

static struct end client, server;

/* What one end says is what the other hears, without complaint; new streams are taken. */
static void
tell(struct end *from, const void *bytes, size_t len)
{
	struct end *to = from == &client ? &server : &client;
	const uint8_t *p = bytes;
	struct yamux_what what;
	enum yamux_event e;
	size_t used;

	say(&real, from->who, bytes, len);
	do {
		e = yamux_next(to->y, p, len, &used, &what);
		assert_int_not_equal(e, YAMUX_BAD);
		if (e == YAMUX_OPENED)
			yamux_accept(to->y, &to->stream[to->streams++]);
		p += used;
		len -= used;
	} while (e != YAMUX_MORE);
}

static void
tell_data(struct end *from, size_t stream, const void *bytes, size_t len, bool fin)
{
	uint8_t frame[YAMUX_FRAME_MAX];

	yamux_data(from->y, &from->stream[stream], (uint32_t)len, fin, frame);
	if (len > 0)
		memcpy(frame + YAMUX_HEADER, bytes, len);
	tell(from, frame, YAMUX_HEADER + len);
}

static void
tell_text(struct end *from, size_t stream, const char *text, bool fin)
{
	tell_data(from, stream, text, strlen(text), fin);
}

/* The control frames that are due. */
static void
tell_out(struct end *from)
{
	uint8_t out[256];
	size_t n = yamux_out(from->y, out, sizeof(out));

	assert_true(n > 0);
	tell(from, out, n);
}

static void
tell_control(struct end *from, const struct control *c)
{
	size_t len;
	char *line = control_write(c, &len);

	assert_non_null(line);
	tell_data(from, 0, line, len, false);
	free(line);
}

static void
tell_header(struct end *from, size_t stream, const struct proxyhdr *h)
{
	uint8_t header[PROXYHDR_MAX];

	tell_data(from, stream, header, proxyhdr_write(h, PROXYHDR_V2, header), false);
}

static void
open_stream(struct end *e)
{
	assert_true(yamux_open(e->y, &e->stream[e->streams++]));
}

static void
begin(bool explicit_syn)
{
	real.len = 0;
	client = (struct end){ .who = 'C', .y = yamux_new(YAMUX_CLIENT, 16, explicit_syn) };
	server = (struct end){ .who = 'S', .y = yamux_new(YAMUX_SERVER, 1, explicit_syn) };
}

static void
finish(void)
{
	yamux_free(client.y);
	yamux_free(server.y);
	assert_shown();
}

static void
say_hello_and_welcome(void)
{
	struct control_service services[] = {
		{ .kind = KIND_HTTP },
		{ .kind = KIND_TCP, .name = slice_str("db.tun.example.com") },
	};
	struct slice names[] = { slice_str(HOST_NAME), slice_str("db.tun.example.com") };

	open_stream(&client);
	tell_control(&client, &(struct control){ .type = CONTROL_HELLO, .version = CONTROL_VERSION,
	    .instance = "5f0c9a1be27d4f60a8c3d5e6b7f80912", .services = services,
	    .n_services = 2 });
	tell_out(&server);
	tell_control(&server, &(struct control){ .type = CONTROL_WELCOME,
	    .version = CONTROL_VERSION, .names = names, .n_names = 2, .heartbeat_ms = 10000,
	    .dead_ms = 20000, .streams = 1024, .within_ms = 5000 });
}

static void
serve_a_visitor(void)
{
	struct proxyhdr h = { .authority = slice_str(HOST_NAME), .kind = slice_str("http") };

	assert_true(endpoint_parse_ip(slice_str("192.0.2.1"), &h.src));
	assert_true(endpoint_parse_ip(slice_str("198.51.100.7"), &h.dst));
	h.src.port = 51234;
	h.dst.port = 80;
	open_stream(&server);
	tell_header(&server, 1, &h);
	tell_text(&server, 1, REQUEST, false);
	tell_out(&client);
	tell_text(&client, 1, ANSWER, false);
	tell_data(&server, 1, NULL, 0, true);
	tell_data(&client, 1, NULL, 0, true);
	assert_true(yamux_over(&server.stream[1]) && yamux_over(&client.stream[1]));
}

static void
refuse_a_visitor(void)
{
	struct proxyhdr h = { .authority = slice_str("db.tun.example.com"),
	    .kind = slice_str("tcp") };

	open_stream(&server);
	tell_header(&server, 2, &h);
	tell_out(&client);
	yamux_reset(client.y, &client.stream[2]);
	tell_out(&client);
	assert_true(yamux_over(&server.stream[2]));
}

static void
ping_and_part(void)
{
	yamux_ping(server.y, PING);
	tell_out(&server);
	tell_out(&client);
	tell_control(&server, &(struct control){ .type = CONTROL_DRAIN, .within_ms = 5000 });
	yamux_goaway(server.y, YAMUX_GOAWAY_NORMAL);
	tell_out(&server);
}

static void
the_session_is_what_the_code_says(void **state)
{
	(void)state;
	show(".Ss A session");
	begin(false);
	say_hello_and_welcome();
	serve_a_visitor();
	refuse_a_visitor();
	ping_and_part();
	finish();
}

/* ---- the ancestors ---- */

static void
an_ancestors_session_is_what_the_code_says(void **state)
{
	uint8_t secret[SECRET_FRAME_MAX];

	(void)state;
	show("The second generation, with the secret");
	begin(true);
	open_stream(&client);
	tell_out(&client);
	tell_data(&client, 0, secret, secret_write(slice_str("s3cret"), secret), false);
	tell_data(&client, 0, "", 0, true);
	tell_out(&server);
	tell_data(&server, 0, "", 0, true);
	open_stream(&server);
	tell_out(&server);
	tell_text(&server, 1, "GET / HTTP/1.0\r\n\r\n", false);
	tell_out(&client);
	finish();
}

/* ---- words and numbers ---- */

static void
every_code_and_member_has_its_entry(void **state)
{
	static const char *const member[] = {
		"version", "instance", "services", "names", "heartbeat_ms", "dead_ms", "streams",
		"code", "text", "after_ms , Cm within_ms",
	};
	char entry[64];

	(void)state;
	for (enum control_code code = CONTROL_REFUSED; code <= CONTROL_PROTOCOL; code++) {
		snprintf(entry, sizeof(entry), "\n.It Cm %s\n", control_code_word(code));
		if (strstr(manual, entry) == NULL)
			fail_msg("%s: no entry for the code %s", MANUAL, control_code_word(code));
	}
	for (size_t i = 0; i < sizeof(member) / sizeof(member[0]); i++) {
		snprintf(entry, sizeof(entry), "\n.It Cm %s\n", member[i]);
		if (strstr(manual, entry) == NULL)
			fail_msg("%s: no entry for the member %s", MANUAL, member[i]);
	}
}

static void
the_limits_are_those_of_the_code(void **state)
{
	static const struct {
		const char *before;
		unsigned number;
		const char *behind;
	} limit[] = {
		{ "at most ", CONTROL_LINE_MAX, " bytes with the newline" },
		{ "List of at most ", CONTROL_SERVICES_MAX, " objects" },
		{ "List of at most ", CONTROL_NAMES_MAX, " texts" },
		{ "exactly ", CONTROL_INSTANCE_LEN, " lower-case hexadecimal" },
		{ "the first ", CONTROL_TEXT_MAX, " bytes" },
		{ "this page is version ", CONTROL_VERSION, "." },
		{ "has sent more than ", TLS_HANDSHAKE_MAX, " bytes" },
		{ "a window of ", YAMUX_WINDOW_START, " bytes" },
		{ "frame is at most ", YAMUX_FRAME_MAX, " bytes long, header included" },
		{ "More than ", YAMUX_PINGS_MAX, " PINGs" },
		{ "one over ", YAMUX_DISORDER, " streams behind" },
		{ "version 2, of at most ", PROXYHDR_MAX, " bytes" },
		{ "take one of at most ", SECRET_MAX, " bytes" },
		{ "without padding: ", IDENTITY_ID_LEN, " characters" },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(limit) / sizeof(limit[0]); i++) {
		snprintf(text, sizeof(text), "%s%u%s", limit[i].before, limit[i].number,
		    limit[i].behind);
		if (strstr(flat, text) == NULL)
			fail_msg("%s doesn't say \"%s\"", MANUAL, text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_those_of_the_keys_shown),
		cmocka_unit_test(the_session_is_what_the_code_says),
		cmocka_unit_test(an_ancestors_session_is_what_the_code_says),
		cmocka_unit_test(every_code_and_member_has_its_entry),
		cmocka_unit_test(the_limits_are_those_of_the_code),
	};

	return cmocka_run_group_tests(tests, read_manual, NULL);
}
