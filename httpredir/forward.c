/* SPDX-License-Identifier: ISC */
/*
 * Heads rewritten on their way through: hop-by-hop fields dropped, forwarding fields added,
 * the rest as it was.
 */
#include <ctype.h>
#include <strings.h>

#include "httpredir.h"
#include "proxyhdr.h"

#define FORWARD_MAX (OUT_MAX - PROXYHDR_MAX)	/* bytes of a head and what introduces the client */

_Static_assert(FORWARD_MAX >= 2 * HTTP1_HEAD_MAX + OUT_ANSWER &&
    FORWARD_MAX >= 2 * HTTP1_RESPONSE_MAX + OUT_ANSWER, "no head is cut off");

static void
add_field(struct text *t, struct slice name, struct slice value)
{
	text_add(t, name);
	text_str(t, ": ");
	text_add(t, value);
	text_str(t, "\r\n");
}

static void
add_length(struct text *t, uint64_t length)
{
	text_str(t, "Content-Length: ");
	text_number(t, length);
	text_str(t, "\r\n");
}

/* ---- who asks ---- */

static bool
trusted(const struct client *c)
{
	return the->opts->trust != NULL &&
	    cidr_list_has(slice_str(the->opts->trust), &c->base.peer);
}

/* All values of one name as one list, ours last. */
static void
append_list(struct text *t, const char *name, struct slice fields, enum http1_name known,
    struct slice ours)
{
	struct http1_field f;
	const char *between = "";

	text_str(t, name);
	text_str(t, ": ");
	while (http1_next_field(&fields, &f)) {
		if (f.known != known || f.value.len == 0)
			continue;
		text_str(t, between);
		text_add(t, f.value);
		between = ", ";
	}
	text_str(t, between);
	text_add(t, ours);
	text_str(t, "\r\n");
}

static bool
has_field(struct slice fields, enum http1_name known)
{
	struct http1_field f;

	while (http1_next_field(&fields, &f))
		if (f.known == known)
			return true;
	return false;
}

/* Whether the client's own field is passed on: what Connection names is dropped, whatever it is. */
static bool
is_kept(const struct http1_message *m, enum http1_name known, const char *name)
{
	return has_field(m->fields, known) && !http1_is_named(m, slice_str(name));
}

/*
 * RFC 7239 4: what is not a token is quoted. Our host names and addresses hold nothing
 * that needs an escape.
 */
static void
add_element(struct text *t, const struct client *c, struct slice who, struct slice authority)
{
	bool v6 = c->base.peer.family == AF_INET6 && who.len > 0;
	bool quote = authority.len > 0 &&
	    (memchr(authority.p, ':', authority.len) != NULL || authority.p[0] == '[');

	text_str(t, v6 ? "for=\"[" : "for=");
	text_add(t, who.len == 0 ? slice_str("unknown") : who);
	text_str(t, v6 ? "]\"" : "");
	if (authority.len > 0) {
		text_str(t, quote ? ";host=\"" : ";host=");
		text_add(t, authority);
		text_str(t, quote ? "\"" : "");
	}
	text_str(t, the->opts->https ? ";proto=https" : ";proto=http");
}

static void
add_forwarding(struct text *t, const struct client *c, const struct http1_request *req)
{
	static const struct slice none = { "", 0 };
	bool trust = trusted(c);
	struct slice before = trust ? req->msg.fields : none;
	char who_room[ENDPOINT_TEXT_MAX], element_room[HTTP1_TARGET_MAX + HOST_MAX];
	struct text element = text_in(element_room, sizeof(element_room));
	struct slice who = endpoint_ip_text(&c->base.peer, who_room);

	if (who.len > 0)	/* else it is on no list of those that are trusted either */
		append_list(t, "X-Forwarded-For", before, HTTP1_N_X_FORWARDED_FOR, who);
	if (!trust || !is_kept(&req->msg, HTTP1_N_X_FORWARDED_PROTO, "x-forwarded-proto"))
		add_field(t, slice_str("X-Forwarded-Proto"),
		    slice_str(the->opts->https ? "https" : "http"));
	if ((!trust || !is_kept(&req->msg, HTTP1_N_X_FORWARDED_HOST, "x-forwarded-host")) &&
	    req->authority.len > 0)
		add_field(t, slice_str("X-Forwarded-Host"), req->authority);
	add_element(&element, c, who, req->authority);
	append_list(t, "Forwarded", before, HTTP1_N_FORWARDED,
	    slice_of(element_room, (size_t)(element.at - element_room)));
}

/* ---- requests ---- */

/*
 * One of ours but for what stands where that has '-': to a program that gets fields as CGI names
 * them (RFC 3875 4.1.18: '_'; some servers write that for any sign) both are the same, and the
 * value of this one may come first.
 */
static bool
is_twin(struct slice name)
{
	static const char *const ours[] = { "x-forwarded-for", "x-forwarded-host",
		"x-forwarded-proto" };
	char dashed[sizeof("x-forwarded-proto")] = "";

	if (name.len >= sizeof(dashed) || (*name.p | 0x20) != 'x')
		return false;
	for (size_t i = 0; i < name.len; i++)
		dashed[i] = isalnum((unsigned char)name.p[i]) ? name.p[i] : '-';
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcasecmp(dashed, ours[i]) == 0)
			return true;
	return false;
}

/* Whether a field of the client's is passed on as it is. */
static bool
request_field_stays(const struct http1_message *m, const struct http1_field *f, bool trust)
{
	switch (f->known) {
	case HTTP1_OTHER:
		return !is_twin(f->name);
	case HTTP1_N_EXPECT:
		return m->expects;
	case HTTP1_N_X_FORWARDED_HOST:
	case HTTP1_N_X_FORWARDED_PROTO:
		return trust;
	case HTTP1_N_X_FORWARDED_FOR:
	case HTTP1_N_FORWARDED:		/* rewritten, after the rest */
	case HTTP1_N_CONNECTION:
	case HTTP1_N_CONTENT_LENGTH:
	case HTTP1_N_HOST:
	case HTTP1_N_KEEP_ALIVE:
	case HTTP1_N_PROXY_CONNECTION:
	case HTTP1_N_TE:
	case HTTP1_N_TRANSFER_ENCODING:
	case HTTP1_N_UPGRADE:
		break;
	}
	return false;
}

/*
 * RFC 9112 3.2.4: OPTIONS of an absolute target without path and query is about the
 * server as a whole.
 */
static void
add_target(struct text *t, const struct http1_request *req)
{
	if (req->path.len == 0 && slice_is(req->method, "OPTIONS"))
		text_str(t, "*");
	else if (req->path.len == 0 || (req->path.p[0] != '/' && !slice_is(req->path, "*")))
		text_str(t, "/");
	text_add(t, req->path);
}

/*
 * A field of the client's: hop-by-hop ones are dropped; a length is given once, rewritten,
 * where it first stood.
 */
static void
request_field(struct text *t, const struct http1_message *m, const struct http1_field *f,
    bool trust, bool *length_said)
{
	if (f->known == HTTP1_N_CONTENT_LENGTH) {
		if (!*length_said)
			add_length(t, m->length);
		*length_said = true;
	} else if (request_field_stays(m, f, trust) && !http1_is_named(m, f->name)) {
		add_field(t, f->name, f->value);
	}
}

/* As they came: they are a list, and the order counts. */
static void
add_upgrade(struct text *t, struct slice fields)
{
	struct http1_field f;

	text_str(t, "Connection: Upgrade\r\n");
	while (http1_next_field(&fields, &f))
		if (f.known == HTTP1_N_UPGRADE)
			add_field(t, f.name, f.value);
}

size_t
forward_request(const struct client *c, const struct http1_request *req, bool upgrade, char *out)
{
	struct text t = text_in(out, FORWARD_MAX);
	struct slice fields = req->msg.fields;
	struct http1_field f;
	bool trust = trusted(c), length_said = false, trailers = false;

	text_add(&t, req->method);
	text_str(&t, " ");
	add_target(&t, req);
	text_str(&t, " HTTP/1.1\r\n");
	add_field(&t, slice_str("Host"), req->authority);
	while (http1_next_field(&fields, &f)) {
		request_field(&t, &req->msg, &f, trust, &length_said);
		trailers |= f.known == HTTP1_N_TE && http1_list_has(f.value, "trailers");
	}
	add_forwarding(&t, c, req);
	if (req->msg.framing == HTTP1_CHUNKED)
		text_str(&t, "Transfer-Encoding: chunked\r\n");
	if (upgrade)
		add_upgrade(&t, req->msg.fields);
	else if (trailers && req->msg.minor == 1)	/* RFC 9110 6.5.1: else it may send none */
		text_str(&t, "Connection: TE\r\nTE: trailers\r\n");
	text_str(&t, "\r\n");
	return (size_t)(t.at - out);
}

/* ---- responses ---- */

/* Agreed to, or asked for: such a field comes with the Connection option (RFC 9110 7.8). */
static bool
says_upgrade(const struct onward *how, const struct http1_response *res)
{
	return how->upgrade || res->status == 426;
}

/*
 * A field of the target's: hop-by-hop ones are dropped; a length is given once, rewritten,
 * where it first stood.
 */
static void
response_field(struct text *t, const struct onward *how, const struct http1_response *res,
    const struct http1_field *f, bool *length_said)
{
	switch (f->known) {
	case HTTP1_N_CONTENT_LENGTH:
		if (!*length_said && res->status >= 200 && res->status != 204 &&
		    how->framing != HTTP1_CHUNKED)
			add_length(t, res->msg.length);
		*length_said = true;
		return;
	case HTTP1_N_UPGRADE:
		if (says_upgrade(how, res))
			add_field(t, f->name, f->value);
		return;
	case HTTP1_N_CONNECTION:
	case HTTP1_N_KEEP_ALIVE:
	case HTTP1_N_PROXY_CONNECTION:
	case HTTP1_N_TE:
	case HTTP1_N_TRANSFER_ENCODING:
		return;
	case HTTP1_OTHER:
	case HTTP1_N_EXPECT:
	case HTTP1_N_FORWARDED:
	case HTTP1_N_HOST:
	case HTTP1_N_X_FORWARDED_FOR:
	case HTTP1_N_X_FORWARDED_HOST:
	case HTTP1_N_X_FORWARDED_PROTO:
		break;
	}
	if (!http1_is_named(&res->msg, f->name))
		add_field(t, f->name, f->value);
}

size_t
forward_response(const struct onward *how, const struct http1_response *res, char *out)
{
	struct text t = text_in(out, FORWARD_MAX);
	struct slice fields = res->msg.fields;
	struct http1_field f;
	bool length_said = false;

	text_str(&t, "HTTP/1.1 ");
	text_number(&t, res->status);
	text_str(&t, " ");
	text_add(&t, res->reason);
	text_str(&t, "\r\n");
	while (http1_next_field(&fields, &f))
		response_field(&t, how, res, &f, &length_said);
	if (how->framing == HTTP1_CHUNKED)
		text_str(&t, "Transfer-Encoding: chunked\r\n");
	if (says_upgrade(how, res))
		text_str(&t, "Connection: Upgrade\r\n");
	if (res->status >= 200 && how->last)
		text_str(&t, "Connection: close\r\n");
	else if (res->status >= 200 && how->old)
		text_str(&t, "Connection: keep-alive\r\n");
	text_str(&t, "\r\n");
	return (size_t)(t.at - out);
}
