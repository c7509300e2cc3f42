/* SPDX-License-Identifier: ISC */
/* Heads written anew on their way through: hop-by-hop fields go, forwarding fields come, the rest stays as it was. */
#include <arpa/inet.h>
#include <stdio.h>

#include "httpredir.h"

static char *
add(char *at, const char *text)
{
	return stpcpy(at, text);
}

static char *
add_slice(char *at, struct slice s)
{
	return s.len == 0 ? at : mempcpy(at, s.p, s.len);
}

static char *
add_field(char *at, const char *name, struct slice value)
{
	at = add(at, name);
	at = add(at, ": ");
	at = add_slice(at, value);
	return add(at, "\r\n");
}

static char *
copy_field(char *at, const struct http1_field *f)
{
	at = add_slice(at, f->name);
	at = add(at, ": ");
	at = add_slice(at, f->value);
	return add(at, "\r\n");
}

static char *
add_length(char *at, uint64_t length)
{
	return at + sprintf(at, "Content-Length: %llu\r\n", (unsigned long long)length);
}

/* ---- who asks ---- */

#define WHO_MAX 64

/* The client's address without its port; empty when it has none. */
static struct slice
peer_text(const struct endpoint *peer, char out[static WHO_MAX])
{
	if (peer->family == AF_INET)
		inet_ntop(AF_INET, peer->ip + 12, out, WHO_MAX);
	else if (peer->family == AF_INET6)
		inet_ntop(AF_INET6, peer->ip, out, WHO_MAX);
	else
		return slice_of(NULL, 0);
	return slice_str(out);
}

static bool
trusted(const struct client *c)
{
	return the->opts->trust != NULL && cidr_list_has(slice_str(the->opts->trust), &c->base.peer);
}

/* All values of one name as one list, and ours behind. */
static char *
append_list(char *at, const char *name, struct slice fields, enum http1_name known, struct slice ours)
{
	struct http1_field f;
	const char *between = "";

	if (fields.len == 0 && ours.len == 0)
		return at;
	at = add(add(at, name), ": ");
	while (http1_next_field(&fields, &f)) {
		if (f.known != known || f.value.len == 0)
			continue;
		at = add_slice(add(at, between), f.value);
		between = ", ";
	}
	if (ours.len > 0)
		at = add_slice(add(at, between), ours);
	return add(at, "\r\n");
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

/* RFC 7239 4: what is no token is quoted. Our host names and addresses hold nothing that would need an escape. */
static struct slice
forwarded_element(const struct client *c, struct slice who, struct slice authority, char *out)
{
	char *at = add(out, "for=");

	if (who.len == 0)
		at = add(at, "unknown");
	else if (c->base.peer.family == AF_INET6)
		at = add(add_slice(add(at, "\"["), who), "]\"");
	else
		at = add_slice(at, who);
	if (authority.len > 0) {
		bool quote = memchr(authority.p, ':', authority.len) != NULL || authority.p[0] == '[';

		at = add(add_slice(add(at, quote ? ";host=\"" : ";host="), authority), quote ? "\"" : "");
	}
	at = add(at, the->opts->https ? ";proto=https" : ";proto=http");
	return slice_of(out, (size_t)(at - out));
}

static char *
add_forwarding(char *at, const struct client *c, const struct http1_request *req)
{
	static const struct slice none = { "", 0 };
	bool trust = trusted(c);
	struct slice before = trust ? req->msg.fields : none;
	char who_room[WHO_MAX], element[HTTP1_TARGET_MAX + HOST_MAX];
	struct slice who = peer_text(&c->base.peer, who_room);

	if (who.len > 0 || (trust && has_field(before, HTTP1_N_X_FORWARDED_FOR)))
		at = append_list(at, "X-Forwarded-For", before, HTTP1_N_X_FORWARDED_FOR, who);
	if (!trust || !has_field(before, HTTP1_N_X_FORWARDED_PROTO))
		at = add_field(at, "X-Forwarded-Proto", slice_str(the->opts->https ? "https" : "http"));
	if ((!trust || !has_field(before, HTTP1_N_X_FORWARDED_HOST)) && req->authority.len > 0)
		at = add_field(at, "X-Forwarded-Host", req->authority);
	return append_list(at, "Forwarded", before, HTTP1_N_FORWARDED,
	    forwarded_element(c, who, req->authority, element));
}

/* ---- requests ---- */

/* Whether a field of the client's goes on as it is. */
static bool
request_field_stays(const struct http1_field *f, bool trust)
{
	switch (f->known) {
	case HTTP1_OTHER:
		return true;
	case HTTP1_N_X_FORWARDED_HOST:
	case HTTP1_N_X_FORWARDED_PROTO:
		return trust;
	case HTTP1_N_X_FORWARDED_FOR:
	case HTTP1_N_FORWARDED:		/* written anew, behind the rest */
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

size_t
forward_request(const struct client *c, const struct http1_request *req, struct slice upgrade, char *out)
{
	struct slice fields = req->msg.fields;
	struct http1_field f;
	bool trust = trusted(c);
	char *at = add_slice(out, req->method);

	at = add(at, " ");
	if (req->path.len == 0 || (req->path.p[0] != '/' && !slice_is(req->path, "*")))
		at = add(at, "/");
	at = add(add_slice(at, req->path), " HTTP/1.1\r\n");
	at = add_field(at, "Host", req->authority);
	while (http1_next_field(&fields, &f))
		if (request_field_stays(&f, trust) &&
		    (!req->msg.names_fields || !http1_is_hop_by_hop(req->msg.fields, f.name)))
			at = copy_field(at, &f);
	at = add_forwarding(at, c, req);
	if (req->msg.framing == HTTP1_CHUNKED)
		at = add(at, "Transfer-Encoding: chunked\r\n");
	else if (req->msg.has_length)
		at = add_length(at, req->msg.length);
	if (upgrade.p != NULL)
		at = add_field(add(at, "Connection: Upgrade\r\n"), "Upgrade", upgrade);
	return (size_t)(add(at, "\r\n") - out);
}

/* ---- responses ---- */

/* A field of the target's: hop-by-hop ones go, a length is said once, in our own words, where it first stood. */
static char *
response_field(char *at, const struct onward *how, const struct http1_response *res, const struct http1_field *f,
    bool *length_said)
{
	switch (f->known) {
	case HTTP1_N_CONTENT_LENGTH:
		if (!*length_said && res->status >= 200 && res->status != 204 && how->framing != HTTP1_CHUNKED)
			at = add_length(at, res->msg.length);
		*length_said = true;
		return at;
	case HTTP1_N_UPGRADE:
		return how->upgrade || res->status == 426 ? copy_field(at, f) : at;
	case HTTP1_N_CONNECTION:
	case HTTP1_N_KEEP_ALIVE:
	case HTTP1_N_PROXY_CONNECTION:
	case HTTP1_N_TE:
	case HTTP1_N_TRANSFER_ENCODING:
		return at;
	case HTTP1_OTHER:
	case HTTP1_N_FORWARDED:
	case HTTP1_N_HOST:
	case HTTP1_N_X_FORWARDED_FOR:
	case HTTP1_N_X_FORWARDED_HOST:
	case HTTP1_N_X_FORWARDED_PROTO:
		break;
	}
	if (res->msg.names_fields && http1_is_hop_by_hop(res->msg.fields, f->name))
		return at;
	return copy_field(at, f);
}

size_t
forward_response(const struct onward *how, const struct http1_response *res, char *out)
{
	struct slice fields = res->msg.fields;
	struct http1_field f;
	bool length_said = false;
	char *at = out + sprintf(out, "HTTP/1.1 %u ", res->status);

	at = add(add_slice(at, res->reason), "\r\n");
	while (http1_next_field(&fields, &f))
		at = response_field(at, how, res, &f, &length_said);
	if (how->framing == HTTP1_CHUNKED)
		at = add(at, "Transfer-Encoding: chunked\r\n");
	if (how->upgrade)
		at = add(at, "Connection: Upgrade\r\n");
	else if (res->status >= 200 && how->last)
		at = add(at, "Connection: close\r\n");
	else if (res->status >= 200 && how->old)
		at = add(at, "Connection: keep-alive\r\n");
	return (size_t)(add(at, "\r\n") - out);
}
