/* SPDX-License-Identifier: ISC */
/*
 * The TLS ClientHello: bytes a client sent -> a verdict,
 * the name it asks for, its ALPN protocols.
 */
#include "hello.h"
#include "take.h"

#define RECORD_HEADER_LEN 5u		/* type, version, length (RFC 8446 5.1) */
#define RECORD_MAX 16384u
#define RECORD_HANDSHAKE 22
#define RECORD_ALERT 21
#define TLS_MAJOR 3
#define EMPTY_RECORDS_MAX 3
#define MESSAGE_HEADER_LEN 4u		/* type, 24 bits of length (RFC 8446 4) */
#define MESSAGE_CLIENT_HELLO 1
#define RANDOM_LEN 32
#define SESSION_ID_MAX 32
#define EXTENSION_SERVER_NAME 0
#define EXTENSION_ALPN 16
#define NAME_TYPE_HOST 0
#define ALERT_FATAL 2

static uint32_t
u16_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint16_t
clamp_version(uint32_t version)
{
	return (uint16_t)(version < 0x0300 ? 0x0300 : version > 0x0303 ? 0x0303 : version);
}

/* ---- the message inside: judged once, when it is all there ---- */

/*
 * ServerNameList, RFC 6066 3: every name type begins with a 16-bit length,
 * so unknown ones can be skipped.
 */
static bool
parse_server_name(struct slice data, struct slice *name)
{
	struct slice list, entry;
	uint32_t type;

	if (!take_vec(&data, 2, &list) || list.len == 0 || data.len != 0)
		return false;
	while (list.len > 0) {
		if (!take_uint(&list, 1, &type) || !take_vec(&list, 2, &entry))
			return false;
		if (type != NAME_TYPE_HOST)
			continue;
		if (entry.len == 0 || name->p != NULL)
			return false;
		*name = entry;
	}
	return true;
}

/* ProtocolNameList, RFC 7301 3.1. */
static bool
parse_alpn(struct slice data, struct slice *alpn)
{
	struct slice list, rest, protocol;

	if (!take_vec(&data, 2, &list) || list.len == 0 || data.len != 0)
		return false;
	for (rest = list; rest.len > 0; )
		if (!take_vec(&rest, 1, &protocol) || protocol.len == 0)
			return false;
	*alpn = list;
	return true;
}

/* Other extensions are ignored, GREASE and an encrypted inner hello included. */
static bool
parse_extensions(struct slice list, struct hello *h)
{
	bool seen_name = false, seen_alpn = false;
	struct slice data;
	uint32_t type;

	while (list.len > 0) {
		if (!take_uint(&list, 2, &type) || !take_vec(&list, 2, &data))
			return false;
		if (type == EXTENSION_SERVER_NAME) {
			if (seen_name || !parse_server_name(data, &h->name))
				return false;
			seen_name = true;
		} else if (type == EXTENSION_ALPN) {
			if (seen_alpn || !parse_alpn(data, &h->alpn))
				return false;
			seen_alpn = true;
		}
	}
	return true;
}

/* RFC 8446 4.1.2; a hello without an extensions block, as in RFC 2246, is fine. */
static bool
parse_body(struct slice body, struct hello *h)
{
	struct slice random, session_id, ciphers, compressions, extensions;
	uint32_t version;

	if (!take_uint(&body, 2, &version) || !take_bytes(&body, RANDOM_LEN, &random))
		return false;
	if (!take_vec(&body, 1, &session_id) || session_id.len > SESSION_ID_MAX)
		return false;
	if (!take_vec(&body, 2, &ciphers) || ciphers.len == 0 || ciphers.len % 2 != 0)
		return false;
	if (!take_vec(&body, 1, &compressions) || compressions.len == 0)
		return false;
	if (body.len == 0)
		return true;
	return take_vec(&body, 2, &extensions) && body.len == 0 && parse_extensions(extensions, h);
}

/* ---- the records around it ---- */

static uint32_t
message_len(const struct hello *h)
{
	return MESSAGE_HEADER_LEN +
	    ((uint32_t)h->head[1] << 16 | (uint32_t)h->head[2] << 8 | h->head[3]);
}

/* Whether the first n bytes of the message are all of it. */
static bool
is_whole(const struct hello *h, uint32_t n)
{
	return n >= MESSAGE_HEADER_LEN && n >= message_len(h);
}

/* Copy the whole message out of its records: here every byte is looked at a second time. */
static struct slice
gather(const uint8_t *buf, uint32_t message, uint8_t *scratch)
{
	uint32_t got = 0;

	while (got < message) {
		uint32_t take = u16_at(buf + 3);

		if (take > message - got)
			take = message - got;
		memcpy(scratch + got, buf + RECORD_HEADER_LEN, take);
		got += take;
		buf += RECORD_HEADER_LEN + take;
	}
	return slice_of((const char *)scratch, message);
}

static enum hello_verdict
judge_message(struct hello *h, const uint8_t *buf, uint8_t *scratch)
{
	struct slice message = slice_of((const char *)buf + RECORD_HEADER_LEN, message_len(h));

	if (h->records > 1)
		message = gather(buf, message_len(h), scratch);
	h->end = h->next;
	h->name = h->alpn = slice_of(NULL, 0);
	if (!parse_body(slice_skip(message, MESSAGE_HEADER_LEN), h))
		return HELLO_MALFORMED;
	return h->name.p == NULL ? HELLO_NO_SNI : HELLO_OK;
}

/* Keep what the first bytes of the message say. bytes: n more of it, after the first h->have. */
static enum hello_verdict
note_head(struct hello *h, const uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = h->have; i < sizeof(h->head) && i < h->have + n; i++)
		h->head[i] = bytes[i - h->have];
	n += h->have;
	if (n >= sizeof(h->head))
		h->version = clamp_version(u16_at(h->head + MESSAGE_HEADER_LEN));
	if (n >= 1 && h->head[0] != MESSAGE_CLIENT_HELLO)
		return HELLO_MALFORMED;
	if (n >= MESSAGE_HEADER_LEN && message_len(h) > h->max)
		return HELLO_TOO_BIG;
	return HELLO_OK;
}

/* The record header at h->next, as far as it has come: HELLO_OK when all of it is there. */
static enum hello_verdict
check_record_header(struct hello *h, const uint8_t *record, size_t n)
{
	if ((n >= 1 && record[0] != RECORD_HANDSHAKE) || (n >= 2 && record[1] != TLS_MAJOR))
		return h->next == 0 ? HELLO_NOT_TLS : HELLO_MALFORMED;
	if (n < RECORD_HEADER_LEN)
		return HELLO_MORE;
	if (h->next == 0)
		h->version = clamp_version(u16_at(record + 1));
	if (u16_at(record + 3) > RECORD_MAX)
		return HELLO_MALFORMED;
	if (u16_at(record + 3) == 0 && h->empty_records == EMPTY_RECORDS_MAX)
		return HELLO_MALFORMED;
	return HELLO_OK;
}

/* Count the record at h->next. HELLO_OK: it is whole, or as much of it as the message needs. */
static enum hello_verdict
take_record(struct hello *h, const uint8_t *buf, size_t len)
{
	const uint8_t *record = buf + h->next;
	size_t n = len - h->next;
	enum hello_verdict v;
	uint32_t size, there;

	if ((v = check_record_header(h, record, n)) != HELLO_OK)
		return v;
	n -= RECORD_HEADER_LEN;
	size = u16_at(record + 3);
	there = n < size ? (uint32_t)n : size;
	if ((v = note_head(h, record + RECORD_HEADER_LEN, there)) != HELLO_OK)
		return v;
	if (there < size && !is_whole(h, h->have + there))
		return HELLO_MORE;

	h->have += size;
	h->next += RECORD_HEADER_LEN + size;
	h->empty_records += size == 0;
	h->records += h->records < UINT8_MAX;
	return HELLO_OK;
}

enum hello_verdict
hello_parse(struct hello *h, const uint8_t *buf, size_t len, uint8_t *scratch)
{
	enum hello_verdict v;

	while (!is_whole(h, h->have))
		if ((v = take_record(h, buf, len)) != HELLO_OK)
			return v;
	return judge_message(h, buf, scratch);
}

/* How many bytes of the message it takes to learn anything more, when there are n. */
static uint32_t
next_stage(const struct hello *h, size_t n)
{
	if (n == 0)
		return 1;	/* its type */
	return n < MESSAGE_HEADER_LEN ? MESSAGE_HEADER_LEN : message_len(h);
}

size_t
hello_wants(const struct hello *h, const uint8_t *buf, size_t len)
{
	size_t n = len - h->next;

	if (n < 2)
		return len + 1;
	if (n < RECORD_HEADER_LEN)
		return h->next + RECORD_HEADER_LEN;
	uint32_t size = u16_at(buf + h->next + 3);
	uint32_t missing = next_stage(h, h->have + (n - RECORD_HEADER_LEN)) - h->have;

	if (missing <= size)
		return h->next + RECORD_HEADER_LEN + missing;
	return h->next + RECORD_HEADER_LEN + size + 1;	/* and the first byte of another record */
}

size_t
hello_rest(const struct hello *h, size_t len)
{
	if (h->have < MESSAGE_HEADER_LEN)
		return 1;
	return h->next + RECORD_HEADER_LEN + (message_len(h) - h->have) - len;
}

/* ---- answers ---- */

struct slice
hello_alpn_next(struct slice *list)
{
	struct slice protocol;

	if (!take_vec(list, 1, &protocol))
		*list = protocol = slice_of(NULL, 0);
	return protocol;
}

const char *
hello_word(enum hello_verdict v)
{
	static const char *const word[] = {
		[HELLO_MORE] = "more",
		[HELLO_OK] = "ok",
		[HELLO_NO_SNI] = "no-sni",
		[HELLO_NOT_TLS] = "not-tls",
		[HELLO_TOO_BIG] = "too-big",
		[HELLO_MALFORMED] = "malformed",
		[HELLO_TIMEOUT] = "timeout",
		[HELLO_EOF] = "eof",
		[HELLO_NONE] = "-",
	};

	return word[v];
}

void
hello_alert(enum hello_alert what, uint16_t version, uint8_t out[static HELLO_ALERT_LEN])
{
	const uint16_t v = version == 0 ? 0x0301 : version;
	const uint8_t alert[HELLO_ALERT_LEN] = {
		RECORD_ALERT, (uint8_t)(v >> 8), (uint8_t)v, 0, 2, ALERT_FATAL, (uint8_t)what
	};

	memcpy(out, alert, sizeof(alert));
}
