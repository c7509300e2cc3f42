/* SPDX-License-Identifier: ISC */
/* HTTP/1 heads: find the end of one, then take it apart line by line. */
#include <stddef.h>
#include <strings.h>

#include "addr.h"
#include "host.h"
#include "http1.h"
#include "num.h"

/* What of a message is to be zeroed: the list at its end would take longer than all else. */
#define NAMED_AT(type) offsetof(type, msg.named)
#define NAMED_IS_LAST(type) (NAMED_AT(type) + sizeof(((type *)NULL)->msg.named) == sizeof(type))
_Static_assert(NAMED_IS_LAST(struct http1_request) && NAMED_IS_LAST(struct http1_response),
    "all before it is zeroed");

/* ---- bytes ---- */

enum { TOKEN = 1, URI = 2, VALUE = 4 };

#define V VALUE
#define U (VALUE | URI)
#define T (VALUE | TOKEN)
#define B (VALUE | URI | TOKEN)

/*
 * RFC 9110 5.6.2 (token), RFC 3986 2 (without '#': a request target has no fragment),
 * RFC 9110 5.5 (field value).
 */
static const uint8_t byte_class[256] = {
	['\t'] = V, [' '] = V, ['!'] = B, ['"'] = V, ['#'] = T, ['$'] = B, ['%'] = B, ['&'] = B,
	['\''] = B, ['('] = U, [')'] = U, ['*'] = B, ['+'] = B, [','] = U, ['-'] = B, ['.'] = B,
	['/'] = U, ['0' ... '9'] = B, [':'] = U, [';'] = U, ['<'] = V, ['='] = U, ['>'] = V,
	['?'] = U, ['@'] = U, ['A' ... 'Z'] = B, ['['] = U, ['\\'] = V, [']'] = U, ['^'] = T,
	['_'] = B, ['`'] = T, ['a' ... 'z'] = B, ['{'] = V, ['|'] = T, ['}'] = V, ['~'] = B,
	[0x80 ... 0xff] = V,
};

#undef V
#undef U
#undef T
#undef B

/* How many leading bytes are of the class. */
static size_t
span(struct slice s, uint8_t class)
{
	size_t n = 0;

	while (n < s.len && (byte_class[(uint8_t)s.p[n]] & class))
		n++;
	return n;
}

static struct slice
trim(struct slice s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_skip(s, 1);
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static bool
same_word(struct slice a, struct slice b)
{
	return a.len == b.len && strncasecmp(a.p, b.p, a.len) == 0;
}

static bool
is_word(struct slice a, const char *word)
{
	return same_word(a, slice_str(word));
}

bool
http1_list_has(struct slice list, const char *word)
{
	while (list.p != NULL)
		if (is_word(trim(slice_cut(&list, ',')), word))
			return true;
	return false;
}

unsigned
http1_status(enum http1_result r)
{
	switch (r) {
	case HTTP1_BAD:
		return 400;
	case HTTP1_CONNECT:
		return 405;
	case HTTP1_TARGET_LONG:
		return 414;
	case HTTP1_HEAD_LONG:
		return 431;
	case HTTP1_CODING:
		return 501;
	case HTTP1_VERSION:
		return 505;
	case HTTP1_MORE:
	case HTTP1_OK:
	case HTTP1_TLS:
		break;
	}
	return 0;
}

/* ---- the end of a section ---- */

/*
 * Find the empty line that ends a section. Every line ends with CRLF, or where bare_lf says so with
 * LF alone: what isn't allowed is noticed here, a bare CR when the line is taken apart.
 * HTTP1_OK: the section ends at scan->at, its empty line begins at scan->line.
 */
static enum http1_result
find_end(struct http1_scan *scan, const char *buf, size_t len, bool bare_lf)
{
	while (scan->at < len) {
		const char *lf = memchr(buf + scan->at, '\n', len - scan->at);
		size_t end = lf == NULL ? len : (size_t)(lf - buf) + 1, eol;

		scan->at = (uint32_t)end;
		if (lf == NULL)
			return HTTP1_MORE;
		eol = end - scan->line >= 2 && lf[-1] == '\r' ? 2 : 1;
		if (eol == 1 && !bare_lf)
			return HTTP1_BAD;
		if (end - scan->line == eol)
			return HTTP1_OK;
		scan->line = (uint32_t)end;
	}
	return HTTP1_MORE;
}

/* ---- fields ---- */

#define KNOWN(text, name) { { text, sizeof(text) - 1 }, HTTP1_N_##name }

static const struct {
	struct slice name;	/* in lower case */
	enum http1_name known;
} known_names[] = {
	KNOWN("connection", CONNECTION),
	KNOWN("content-length", CONTENT_LENGTH),
	KNOWN("expect", EXPECT),
	KNOWN("forwarded", FORWARDED),
	KNOWN("host", HOST),
	KNOWN("keep-alive", KEEP_ALIVE),
	KNOWN("proxy-connection", PROXY_CONNECTION),
	KNOWN("te", TE),
	KNOWN("transfer-encoding", TRANSFER_ENCODING),
	KNOWN("upgrade", UPGRADE),
	KNOWN("x-forwarded-for", X_FORWARDED_FOR),
	KNOWN("x-forwarded-host", X_FORWARDED_HOST),
	KNOWN("x-forwarded-proto", X_FORWARDED_PROTO),
};

static enum http1_name
known_name(struct slice name)
{
	for (size_t i = 0; i < sizeof(known_names) / sizeof(known_names[0]); i++)
		if (name.len == known_names[i].name.len &&
		    (name.p[0] | 0x20) == known_names[i].name.p[0] &&	/* spares most calls */
		    same_word(name, known_names[i].name))
			return known_names[i].known;
	return HTTP1_OTHER;
}

/* Cut a line, without its CRLF or LF, off the front. */
static struct slice
cut_line(struct slice *rest)
{
	struct slice line = slice_cut(rest, '\n');

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

/*
 * Cut a line off a header section: false when it is not a field
 * (RFC 9112 5: no blank before the colon, no folding). How lines may end was find_end()'s to judge.
 */
static bool
cut_field(struct slice *rest, struct http1_field *out)
{
	size_t n = span(*rest, TOKEN), eol;

	if (n == 0 || n == rest->len || rest->p[n] != ':')
		return false;
	out->name = slice_of(rest->p, n);
	out->known = known_name(out->name);
	*rest = slice_skip(*rest, n + 1);
	n = span(*rest, VALUE);
	eol = n < rest->len && rest->p[n] == '\r' ? 2 : 1;
	if (rest->len - n < eol || rest->p[n + eol - 1] != '\n')
		return false;
	out->value = trim(slice_of(rest->p, n));
	*rest = slice_skip(*rest, n + eol);
	return true;
}

bool
http1_next_field(struct slice *fields, struct http1_field *out)
{
	return fields->len > 0 && cut_field(fields, out);
}

bool
http1_is_named(const struct http1_message *m, struct slice name)
{
	for (unsigned i = 0; i < m->named_count; i++)
		if (same_word(m->named[i], name))
			return true;
	return false;
}

/* ---- what the fields of a head say ---- */

/* Gathered on the way through a header section. */
struct said {
	struct http1_message *msg;	/* whose fields they are: gets the names in Connection */
	struct slice host;
	uint64_t length;
	unsigned hosts, lengths, codings, options, fields;
	bool chunked, close, expect, keep_alive, upgrade, names_upgrade;
};

/*
 * RFC 9112 6.3: digits only; if repeated, the values must be the same. The most an off_t holds
 * stands for "without end" at some servers of live streams.
 */
static bool
note_length(struct said *s, struct slice value)
{
	uint64_t n;

	if (!num_parse(value, 0, INT64_MAX, &n) || (s->lengths > 0 && n != s->length))
		return false;
	s->length = n;
	s->lengths++;
	return true;
}

static bool
is_token(struct slice s)
{
	return s.len > 0 && span(s, TOKEN) == s.len;
}

static enum http1_result
note_options(struct said *s, struct slice list)
{
	while (list.p != NULL) {
		struct slice word = trim(slice_cut(&list, ','));

		if (word.len == 0)
			continue;	/* RFC 9110 5.6.1.2: empty members are skipped */
		if (!is_token(word))
			return HTTP1_BAD;
		if (++s->options > HTTP1_OPTIONS_MAX)
			return HTTP1_HEAD_LONG;
		if (is_word(word, "close"))
			s->close = true;
		else if (is_word(word, "keep-alive"))
			s->keep_alive = true;
		else if (is_word(word, "upgrade"))
			s->names_upgrade = true;
		else if (!is_word(word, "te"))
			s->msg->named[s->msg->named_count++] = word;
	}
	return HTTP1_OK;
}

/*
 * RFC 9112 6.1: "chunked", once and alone. Codings before a final chunked are well-formed, but we
 * know none; anything else leaves the end of the message unknown.
 */
static enum http1_result
note_coding(struct said *s, struct slice value)
{
	struct slice rest = value, last = value;
	bool others = false;

	if (s->codings++ > 0)
		return HTTP1_BAD;
	while (rest.p != NULL) {
		last = trim(slice_cut(&rest, ','));
		if (!is_token(last) || (rest.p != NULL && is_word(last, "chunked")))
			return HTTP1_BAD;
		others |= rest.p != NULL;
	}
	s->chunked = is_word(last, "chunked");
	return !s->chunked ? HTTP1_BAD : others ? HTTP1_CODING : HTTP1_OK;
}

static enum http1_result
note_field(struct said *s, const struct http1_field *f)
{
	switch (f->known) {
	case HTTP1_N_HOST:
		s->host = f->value;
		s->hosts++;
		return HTTP1_OK;
	case HTTP1_N_CONTENT_LENGTH:
		return note_length(s, f->value) ? HTTP1_OK : HTTP1_BAD;
	case HTTP1_N_TRANSFER_ENCODING:
		return note_coding(s, f->value);
	case HTTP1_N_CONNECTION:
		return note_options(s, f->value);
	case HTTP1_N_EXPECT:
		s->expect = true;
		return HTTP1_OK;
	case HTTP1_N_UPGRADE:
		s->upgrade = true;
		return HTTP1_OK;
	case HTTP1_OTHER:
	case HTTP1_N_FORWARDED:
	case HTTP1_N_KEEP_ALIVE:
	case HTTP1_N_PROXY_CONNECTION:
	case HTTP1_N_TE:
	case HTTP1_N_X_FORWARDED_FOR:
	case HTTP1_N_X_FORWARDED_HOST:
	case HTTP1_N_X_FORWARDED_PROTO:
		break;
	}
	return HTTP1_OK;
}

static enum http1_result
read_fields(struct slice fields, struct said *s)
{
	enum http1_result r = HTTP1_OK;
	struct http1_field f;

	while (fields.len > 0 && r == HTTP1_OK) {
		if (!cut_field(&fields, &f))
			return HTTP1_BAD;
		if (++s->fields > HTTP1_FIELDS_MAX)
			return HTTP1_HEAD_LONG;
		r = note_field(s, &f);
	}
	return r;
}

/* The header section of a message whose version is known. */
static enum http1_result
parse_section(struct slice fields, struct said *s)
{
	struct http1_message *m = s->msg;
	enum http1_result r = read_fields(fields, s);

	if (r != HTTP1_OK)
		return r;
	/* length and coding together, or a coding in version 1.0, are how requests are smuggled
	   (RFC 9112 6.1, 6.3) */
	if (s->codings > 0 && (s->lengths > 0 || m->minor == 0))
		return HTTP1_BAD;
	m->fields = fields;
	m->framing = s->chunked ? HTTP1_CHUNKED : s->lengths > 0 ? HTTP1_LENGTH : HTTP1_NO_BODY;
	m->length = s->length;
	m->keep_alive = m->minor == 0 ? s->keep_alive && !s->close : !s->close;
	m->upgrade = s->upgrade && s->names_upgrade && m->minor == 1;
	m->expects = s->expect && m->minor == 1;	/* RFC 9110 10.1.1 */
	return HTTP1_OK;
}

/* "HTTP/" DIGIT "." DIGIT, nothing else. */
static enum http1_result
parse_version(struct slice text, uint8_t *minor)
{
	if (text.len != 8 || !slice_starts(text, "HTTP/") || text.p[5] < '0' || text.p[5] > '9' ||
	    text.p[6] != '.' || text.p[7] < '0' || text.p[7] > '9')
		return HTTP1_BAD;
	if (text.p[5] != '1')
		return HTTP1_VERSION;
	*minor = text.p[7] != '0';
	return HTTP1_OK;
}

/* ---- requests ---- */

/*
 * HOST[:PORT]: a host name, an IPv4 address or a bracketed IPv6 address;
 * *host is the same without the port.
 */
static bool
parse_authority(struct slice text, struct slice *host)
{
	const char *bracket = text.len > 0 && text.p[0] == '[' ?
	    memchr(text.p, ']', text.len) : NULL;
	size_t behind = bracket == NULL ? 0 : (size_t)(bracket + 1 - text.p);
	struct slice port = slice_skip(text, behind);
	struct endpoint ip;
	uint64_t n;

	behind += slice_cut(&port, ':').len;
	*host = slice_of(text.p, behind);
	if (port.len > 0 && (port.len > 5 || !num_parse(port, 0, 65535, &n)))
		return false;
	/* without brackets it has no colon, and so is no IPv6 address */
	return host_valid(*host) || endpoint_parse_ip(*host, &ip);
}

static bool
cut_scheme(struct slice *target)
{
	static const char *const scheme[] = { "http://", "https://" };

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(scheme[i]);

		if (target->len > n && strncasecmp(target->p, scheme[i], n) == 0) {
			*target = slice_skip(*target, n);
			return true;
		}
	}
	return false;
}

/* RFC 9112 3.2: the four forms of a target. */
static enum http1_result
parse_target(struct http1_request *req)
{
	struct slice rest = req->target;
	size_t n = 0;

	if (slice_is(req->method, "CONNECT"))
		return HTTP1_CONNECT;
	req->path = rest;
	if (rest.p[0] == '/')
		return HTTP1_OK;
	if (slice_is(rest, "*"))
		return slice_is(req->method, "OPTIONS") ? HTTP1_OK : HTTP1_BAD;
	if (!cut_scheme(&rest))
		return HTTP1_BAD;
	while (n < rest.len && rest.p[n] != '/' && rest.p[n] != '?')
		n++;
	req->authority = slice_of(rest.p, n);
	req->path = slice_skip(rest, n);
	return HTTP1_OK;
}

/* method SP target SP version, one blank each. */
static enum http1_result
parse_request_line(struct slice line, struct http1_request *req)
{
	size_t n = span(line, TOKEN);
	enum http1_result r;

	if (n == 0 || n > HTTP1_METHOD_MAX || n == line.len || line.p[n] != ' ')
		return HTTP1_BAD;
	req->method = slice_of(line.p, n);
	line = slice_skip(line, n + 1);
	n = span(line, URI);
	if (n > HTTP1_TARGET_MAX)
		return HTTP1_TARGET_LONG;
	if (n == 0 || n == line.len || line.p[n] != ' ')
		return HTTP1_BAD;
	req->target = slice_of(line.p, n);
	r = parse_version(slice_skip(line, n + 1), &req->msg.minor);
	if (r != HTTP1_OK)
		return r;
	req->is_head = slice_is(req->method, "HEAD");
	req->is_safe = req->is_head || slice_is(req->method, "GET") ||
	    slice_is(req->method, "OPTIONS") || slice_is(req->method, "TRACE");
	return parse_target(req);
}

/*
 * RFC 9112 3.2: one Host, required from 1.1 on,
 * valid even where an absolute target overrides it.
 */
static bool
take_host(struct http1_request *req, const struct said *s)
{
	if (s->hosts > 1 || (s->hosts == 0 && req->msg.minor > 0) ||
	    (s->hosts == 1 && !parse_authority(s->host, &req->host)))
		return false;
	if (req->authority.p != NULL)
		return parse_authority(req->authority, &req->host);
	req->authority = s->host;
	return true;
}

static enum http1_result
parse_request(struct slice head, struct http1_request *req)
{
	struct said said = { .msg = &req->msg };
	enum http1_result r;

	memset(req, 0, NAMED_AT(struct http1_request));
	req->msg.size = head.len;
	head.len -= 2;
	r = parse_request_line(cut_line(&head), req);
	if (r != HTTP1_OK)
		return r;
	r = parse_section(head, &said);
	return r == HTTP1_OK && !take_host(req, &said) ? HTTP1_BAD : r;
}

/*
 * Why a head whose end has not come is not waited for any longer. first: its first line was not
 * here whole before, and is judged if it is now.
 */
static enum http1_result
judge_prefix(const struct http1_scan *scan, bool first, const char *buf, size_t len,
    struct http1_request *out)
{
	struct slice head = slice_of(buf, len);
	enum http1_result r = HTTP1_OK;
	const char *blank;

	if (scan->line > 0 && first)
		r = parse_request_line(cut_line(&head), out);
	if (scan->line > 0)
		return r != HTTP1_OK ? r : len < HTTP1_HEAD_MAX ? HTTP1_MORE : HTTP1_HEAD_LONG;
	blank = memchr(buf, ' ', len < HTTP1_METHOD_MAX + 1 ? len : HTTP1_METHOD_MAX + 1);
	if (blank == NULL)
		return len > HTTP1_METHOD_MAX ? HTTP1_BAD : HTTP1_MORE;
	return len - (size_t)(blank + 1 - buf) > HTTP1_TARGET_MAX + sizeof(" HTTP/1.1\r") ?
	    HTTP1_TARGET_LONG : HTTP1_MORE;
}

enum http1_result
http1_request(struct http1_scan *scan, const char *buf, size_t len, struct http1_request *out)
{
	bool first = scan->line == 0;
	enum http1_result r;

	if (len > 0 && (uint8_t)buf[0] == 0x16)
		return HTTP1_TLS;
	r = find_end(scan, buf, len, false);
	if (r == HTTP1_MORE)
		return judge_prefix(scan, first, buf, len, out);
	if (r != HTTP1_OK || scan->at == 2)
		return HTTP1_BAD;
	r = parse_request(slice_of(buf, scan->at), out);
	return scan->at <= HTTP1_HEAD_MAX || r == HTTP1_TARGET_LONG ? r : HTTP1_HEAD_LONG;
}

/* ---- responses ---- */

/* version SP status [SP reason] (RFC 9112 4). */
static enum http1_result
parse_status_line(struct slice line, struct http1_response *res)
{
	uint64_t status;

	if (line.len < 12 || line.p[8] != ' ' ||
	    parse_version(slice_of(line.p, 8), &res->msg.minor) != HTTP1_OK ||
	    !num_parse(slice_of(line.p + 9, 3), 100, 999, &status) ||
	    (line.len > 12 && line.p[12] != ' '))
		return HTTP1_BAD;
	res->status = (unsigned)status;
	res->reason = slice_skip(line, line.len > 12 ? 13 : 12);
	return span(res->reason, VALUE) == res->reason.len ? HTTP1_OK : HTTP1_BAD;
}

/* RFC 9112 6.3, for responses to anything but CONNECT. */
static void
frame_response(struct http1_response *res, bool to_head)
{
	struct http1_message *m = &res->msg;

	if (to_head || res->status < 200 || res->status == 204 || res->status == 304)
		m->framing = HTTP1_NO_BODY;
	else if (m->framing == HTTP1_NO_BODY)
		m->framing = HTTP1_TO_CLOSE;
	if (m->framing == HTTP1_TO_CLOSE)
		m->keep_alive = false;
}

/* Whether a head may still come: a target that speaks another protocol is not waited for. */
static bool
begins_response(const char *buf, size_t len)
{
	static const char begin[] = "HTTP/1.";
	size_t n = sizeof(begin) - 1;

	return memcmp(buf, begin, len < n ? len : n) == 0;
}

static enum http1_result
parse_response(struct http1_scan *scan, const char *buf, size_t len, struct http1_response *out)
{
	enum http1_result r = find_end(scan, buf, len, true);	/* RFC 9112 2.2 */
	struct slice head;

	if (r == HTTP1_MORE)
		return len < HTTP1_RESPONSE_MAX && begins_response(buf, len) ? HTTP1_MORE :
		    HTTP1_BAD;
	if (r != HTTP1_OK || scan->line == 0 || scan->at > HTTP1_RESPONSE_MAX)
		return HTTP1_BAD;
	memset(out, 0, NAMED_AT(struct http1_response));
	out->msg.size = scan->at;
	head = slice_of(buf, scan->line);
	r = parse_status_line(cut_line(&head), out);
	out->msg.fields = head;
	return r;
}

enum http1_result
http1_response(struct http1_scan *scan, const char *buf, size_t len, bool to_head,
    struct http1_response *out)
{
	struct said said = { .msg = &out->msg };
	enum http1_result r = parse_response(scan, buf, len, out);

	if (r != HTTP1_OK)
		return r;
	if (parse_section(out->msg.fields, &said) != HTTP1_OK)
		return HTTP1_BAD;
	frame_response(out, to_head);
	return HTTP1_OK;
}

enum http1_result
http1_response_to_connect(struct http1_scan *scan, const char *buf, size_t len,
    struct http1_response *out)
{
	enum http1_result r = parse_response(scan, buf, len, out);
	struct slice rest = r == HTTP1_OK ? out->msg.fields : slice_of(NULL, 0);
	struct http1_field f;

	while (rest.len > 0)
		if (!cut_field(&rest, &f))
			return HTTP1_BAD;
	return r;
}

/* ---- trailers ---- */

enum http1_result
http1_trailer(struct http1_chunked *c, const char *buf, size_t len,
    struct slice *fields, size_t *used)
{
	enum http1_result r = find_end(&c->scan, buf, len, false);
	struct slice rest;
	struct http1_field f;
	unsigned n = 0;

	if (r == HTTP1_MORE)
		return len >= HTTP1_TRAILER_MAX ? HTTP1_BAD : HTTP1_MORE;
	if (r != HTTP1_OK || c->scan.at > HTTP1_TRAILER_MAX)
		return HTTP1_BAD;
	*used = c->scan.at;
	*fields = rest = slice_of(buf, c->scan.at - 2);
	while (rest.len > 0)
		if (!cut_field(&rest, &f) || ++n > HTTP1_FIELDS_MAX)
			return HTTP1_BAD;
	return HTTP1_OK;
}

bool
http1_trailer_allowed(const struct http1_field *f)
{
	static const char *const never[] = { "trailer", "authorization", "cookie", "set-cookie",
		"location", "content-type", "content-encoding", "content-range", "cache-control",
		"max-forwards", "range" };

	if (f->known != HTTP1_OTHER)
		return false;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (is_word(f->name, never[i]))
			return false;
	return true;
}
