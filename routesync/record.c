/* SPDX-License-Identifier: ISC */
/* The values of a store -> lines of a routes file. */
#include "record.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "addr.h"
#include "base64.h"
#include "host.h"
#include "num.h"

#define TLS_PORT 443	/* the default of the oldest records */

static bool
refuse(struct record_reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool
refuse(struct record_reader *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(r->why, sizeof(r->why), format, ap);
	va_end(ap);
	return false;
}

static bool
refuse_starved(struct record_reader *r)
{
	r->starved = true;
	return refuse(r, "out of memory");
}

/* ---- keys ---- */

static bool
cut_prefix(struct slice *text, struct slice prefix)
{
	if (text->len < prefix.len || memcmp(text->p, prefix.p, prefix.len) != 0)
		return false;
	*text = slice_skip(*text, prefix.len);
	return true;
}

static struct slice
without_slashes(struct slice text)
{
	while (text.len > 0 && *text.p == '/')
		text = slice_skip(text, 1);
	return text;
}

static struct slice
name_of(struct slice text)
{
	return slice_is(text, RECORD_CATCH_ALL) ? slice_str("*") : text;
}

bool
record_key(struct slice prefix, struct slice key, enum record_rank *rank, struct slice *name)
{
	struct slice rest = key, node;

	*rank = RANK_OTHER;
	if (cut_prefix(&rest, prefix) && cut_prefix(&rest, slice_str("service/"))) {
		*rank = RANK_SERVICE;
		*name = name_of(rest);
		return rest.len > 0;
	}
	rest = without_slashes(key);
	if (key.len - rest.len > 2 || !cut_prefix(&rest, without_slashes(prefix)))
		return false;
	if (cut_prefix(&rest, slice_str("live/"))) {
		*rank = RANK_LIVE;
		node = slice_cut(&rest, '/');
		if (node.len == 0)
			return false;
	} else if (!cut_prefix(&rest, slice_str("service/")) &&
	    !cut_prefix(&rest, slice_str("services/"))) {
		return false;
	}
	*name = name_of(rest);
	return rest.len > 0;
}

/* ---- records ---- */

static void
set_about(struct record_reader *r, struct slice name)
{
	if (name.len == 0 || name.len > sizeof(r->about_text))
		return;
	memcpy(r->about_text, name.p, name.len);
	r->about = slice_of(r->about_text, name.len);
}

static struct slice
print(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static struct slice
print(char *out, size_t size, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(out, size, format, ap);
	va_end(ap);
	return slice_of(out, n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1);
}

/* The known members; null, "" and 0 count as absent. */
struct fields {
	struct slice addr, sni, secret;
	uint64_t tlsport, httpport;	/* 0: absent */
	bool sni_read;			/* false: it is present but not text */
};

/* Absent when the value is none, or no text. */
static struct slice
text_of(const json_t *value)
{
	return slice_of(json_string_value(value), json_string_length(value));
}

static bool
has_nul(struct slice text)
{
	return text.len > 0 && memchr(text.p, '\0', text.len) != NULL;
}

static bool
read_text(struct record_reader *r, const char *member, const json_t *value, struct slice *out)
{
	*out = slice_of(NULL, 0);
	if (json_is_null(value) || (json_is_number(value) && json_number_value(value) == 0))
		return true;
	if (!json_is_string(value))
		return refuse(r, "%s is not text", member);
	if (json_string_length(value) == 0)
		return true;
	*out = slice_of(json_string_value(value), json_string_length(value));
	return !has_nul(*out) || refuse(r, "%s has a NUL byte in it", member);
}

static bool
read_port(struct record_reader *r, const char *member, const json_t *value, uint64_t *out)
{
	double number = json_number_value(value);
	struct slice text;

	*out = 0;
	if (json_is_number(value) && number >= 0 && number <= 65535 && number == (uint16_t)number) {
		*out = (uint16_t)number;
		return true;
	}
	if (json_is_null(value))
		return true;
	text = text_of(value);
	if (text.p != NULL && (text.len == 0 || num_parse(text, 0, 65535, out)))
		return true;
	return refuse(r, "%s is not a port number", member);
}

static bool
read_fields(struct record_reader *r, const json_t *object, struct fields *f)
{
	const char *member;
	json_t *value;
	bool ok = true;

	*f = (struct fields){ .sni_read = true };
	json_object_foreach((json_t *)(uintptr_t)object, member, value) {
		if (strcasecmp(member, "addr") == 0)
			ok = read_text(r, "addr", value, &f->addr) && ok;
		else if (strcasecmp(member, "sni") == 0)
			ok = (f->sni_read = read_text(r, "sni", value, &f->sni)) && ok;
		else if (strcasecmp(member, "clientsecret") == 0)
			ok = read_text(r, "clientsecret", value, &f->secret) && ok;
		else if (strcasecmp(member, "tlsport") == 0)
			ok = read_port(r, "tlsport", value, &f->tlsport) && ok;
		else if (strcasecmp(member, "httpport") == 0)
			ok = read_port(r, "httpport", value, &f->httpport) && ok;
	}
	return ok;
}

/* addr, which is HOST with or without a port; host is written as in a target. */
struct place {
	char host[HOST_MAX + 3];
	uint64_t port;		/* 0: none */
};

/* An IPv6 address as text, though it may stand for one of IPv4: a target has it in brackets. */
static bool
is_bare_v6(struct slice host)
{
	struct endpoint ip;

	return endpoint_parse_ip(host, &ip) && host.p[0] != '[' &&
	    memchr(host.p, ':', host.len) != NULL;
}

static bool
read_place(struct record_reader *r, struct slice addr, struct place *p)
{
	struct endpoint ip;
	struct addr a;

	p->port = 0;
	if (endpoint_parse_ip(addr, &ip) || host_valid(addr)) {
		print(p->host, sizeof(p->host), is_bare_v6(addr) ? "[" SLICE_FMT "]" : SLICE_FMT,
		    SLICE_ARG(addr));
		return true;
	}
	if (addr_parse(addr, 0, &a) != ADDR_OK || (a.kind != ADDR_IP && a.kind != ADDR_HOST))
		return refuse(r, "addr is neither a host nor an address, with or without a port");
	while (addr.p[addr.len - 1] != ':')
		addr.len--;
	print(p->host, sizeof(p->host), SLICE_FMT, SLICE_ARG(slice_of(addr.p, addr.len - 1)));
	p->port = a.ip.port;
	return true;
}

/* A record with addr: the older form has the port in it, and routes the name in sni. */
static bool
line_of_place(struct record_reader *r, struct slice name, const struct fields *f,
    struct record *out)
{
	char text[2 * sizeof(struct place) + 64];
	uint64_t tlsport = f->tlsport;
	struct slice fields;
	struct place p;

	if (!read_place(r, f->addr, &p))
		return false;
	if (p.port != 0 && tlsport != 0 && p.port != tlsport)
		return refuse(r, "the port in addr and tlsport contradict each other");
	if (tlsport == 0)
		tlsport = p.port;
	if (tlsport == 0 && f->httpport == 0 && f->sni.p != NULL)
		tlsport = TLS_PORT;
	if (tlsport == 0 && f->httpport == 0)
		return refuse(r, "neither tlsport nor httpport");
	if (f->httpport == 0)
		fields = print(text, sizeof(text), "tls=%s:%u", p.host, (unsigned)tlsport);
	else if (tlsport == 0)
		fields = print(text, sizeof(text), "http=%s:%u", p.host, (unsigned)f->httpport);
	else
		fields = print(text, sizeof(text), "tls=%s:%u http=%s:%u", p.host,
		    (unsigned)tlsport, p.host, (unsigned)f->httpport);
	return record_line_make(&r->line, name, fields, &out->text, r->why);
}

static bool
line_of_tunnel(struct record_reader *r, struct slice name, const struct fields *f,
    struct record *out)
{
	struct slice fields;
	char text[512];

	if (!sha256(f->secret, out->secret))
		return refuse_starved(r);
	out->has_secret = true;
	fields = print(text, sizeof(text), RECORD_TUNNEL_FORMAT, r->visitors, r->visitors);
	return record_line_make(&r->line, name, fields, &out->text, r->why);
}

static bool
line_of_record(struct record_reader *r, struct slice name, const struct fields *f,
    struct record *out)
{
	if (name.p == NULL)
		return refuse(r, "no name: sni is missing");
	if (f->secret.p != NULL)
		return line_of_tunnel(r, name, f, out);
	if (f->addr.p != NULL)
		return line_of_place(r, name, f, out);
	return refuse(r, "neither addr nor clientsecret");
}

/* A name in the record takes precedence over that of its key, which may be absent. */
static bool
read_record(struct record_reader *r, struct slice name, const json_t *object, struct record *out)
{
	struct fields f;
	bool ok;

	*out = (struct record){ 0 };
	ok = read_fields(r, object, &f);
	if (f.sni.p != NULL)
		name = f.sni;
	name = name_of(name);
	ok = ok && line_of_record(r, name, &f, out);
	if (!ok && f.sni_read && (f.sni.p == NULL || record_line_takes_name(&r->line, name)))
		set_about(r, name);
	return ok;
}

/* ---- JSON ---- */

/*
 * Members we don't know may have any value: integers of any size, so all become real numbers, and
 * NUL bytes, so what is used must be looked at with has_nul(). jansson does not always report that
 * memory ran out, but malloc() sets errno. *starved is only ever set.
 */
static json_t *
load(struct slice text, size_t flags, json_error_t *error, bool *starved)
{
	json_t *value;

	errno = 0;
	value = json_loadb(text.p, text.len,
	    flags | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, error);
	if (value == NULL && errno == ENOMEM)
		*starved = true;
	return value;
}

/*
 * Says only where the text breaks: it may hold a secret. JSON that is too much for us is
 * not called no JSON.
 */
static bool
refuse_json(struct record_reader *r, const json_error_t *error, size_t at)
{
	switch (json_error_code(error)) {
	case json_error_numeric_overflow:
		return refuse(r, "a number that is too big before byte %zu", at);
	case json_error_null_byte_in_key:
		return refuse(r, "a NUL byte in the name of a member before byte %zu", at);
	case json_error_stack_overflow:
		return refuse(r, "nested too deeply from byte %zu on", at);
	default:
		return refuse(r, "not JSON from byte %zu on", at);
	}
}

static json_t *
parse(struct record_reader *r, struct slice text)
{
	json_error_t error;
	json_t *value = load(text, 0, &error, &r->starved);

	if (value == NULL && r->starved)
		refuse_starved(r);
	else if (value == NULL)
		refuse_json(r, &error, (size_t)error.position);
	return value;
}

static json_t *
member_of(const json_t *object, const char *name)
{
	const char *member;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, member, value)
		if (strcasecmp(member, name) == 0)
			return value;
	return NULL;
}

/* {"Key","Value","LastIndex"}, distinguished from a record by the members. */
static bool
is_wrapper(const json_t *object)
{
	return member_of(object, "Value") != NULL && member_of(object, "addr") == NULL &&
	    member_of(object, "clientsecret") == NULL;
}

static bool
read_wrapped(struct record_reader *r, struct slice name, const json_t *wrapper, struct record *out)
{
	struct slice text = text_of(member_of(wrapper, "Value"));
	char *decoded = malloc(BASE64_DECODED_MAX(text.len) + 1);
	json_t *object = NULL;
	size_t len;
	bool ok = false;

	if (decoded == NULL)
		refuse_starved(r);
	else if (text.p == NULL || !base64_decode(text, decoded, &len))
		refuse(r, "Value is not base64");
	else if ((object = parse(r, slice_of(decoded, len))) != NULL && !json_is_object(object))
		refuse(r, "Value is not a JSON object");
	else if (object != NULL)
		ok = read_record(r, name, object, out);
	json_decref(object);
	free(decoded);
	return ok;
}

static bool
read_object(struct record_reader *r, struct slice name, const json_t *object, struct record *out)
{
	return is_wrapper(object) ? read_wrapped(r, name, object, out) :
	    read_record(r, name, object, out);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice
trim(struct slice text)
{
	while (text.len > 0 && is_space(*text.p))
		text = slice_skip(text, 1);
	while (text.len > 0 && is_space(text.p[text.len - 1]))
		text.len--;
	return text;
}

/* The right-hand side of a routes line, recognized by its beginning. */
static bool
read_line(struct record_reader *r, struct slice name, struct slice value, struct record *out)
{
	struct slice begin = value;

	if (routes_is_key(slice_cut(&begin, '=')))
		set_about(r, name);
	return record_line_make(&r->line, name, value, &out->text, r->why);
}

bool
record_read(struct record_reader *r, struct slice name, struct slice value, struct record *out)
{
	json_t *object;
	bool ok;

	*out = (struct record){ 0 };
	r->about = slice_of(NULL, 0);
	r->starved = false;
	value = trim(value);
	if (value.len == 0 || *value.p != '{')
		return read_line(r, name, value, out);
	object = parse(r, value);
	ok = object != NULL && read_object(r, name, object, out);
	json_decref(object);
	return ok;
}

/* ---- streams of JSON ---- */

struct stream {
	struct record_reader *reader;
	record_told *told;
	void *arg;
	size_t good, bad;
};

static void
tell(struct stream *s, struct slice key, bool ok, const struct record *record)
{
	if (s->reader->starved)
		return;		/* record_stream() reports this */
	s->good += ok;
	s->bad += !ok;
	s->reader->starved =
	    !s->told(s->arg, key, ok ? record : NULL, ok ? NULL : s->reader->why);
	s->reader->about = slice_of(NULL, 0);
}

/* [server.services."HOST"]: records named by their member. */
static void
read_services(struct stream *s, const json_t *services)
{
	const char *name;
	json_t *value;
	struct record record;

	if (services != NULL && !json_is_null(services) && !json_is_object(services)) {
		refuse(s->reader, "not an object");
		tell(s, slice_str("services"), false, NULL);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)services, name, value) {
		bool ok = json_is_object(value) ?
		    read_record(s->reader, slice_str(name), value, &record) :
		    refuse(s->reader, "not an object");

		tell(s, slice_str(name), ok, &record);
	}
}

static const json_t *
backend_named(const json_t *backends, struct slice name)
{
	size_t i;
	json_t *value;

	json_array_foreach(backends, i, value)
		if (slice_eq(text_of(member_of(value, "name")), name))
			return value;
	return NULL;
}

/* HOST and PORT, two members, as one text. */
static bool
join_place(struct record_reader *r, const json_t *object, const char *host_member, char *out,
    size_t size)
{
	struct slice host = text_of(member_of(object, host_member));
	json_t *port = member_of(object, "port");
	uint64_t number;

	if (!read_port(r, "port", port, &number))
		return false;
	if (number == 0)
		return refuse(r, "no port");
	if (host.len > HOST_MAX)
		return refuse(r, "%s is too long", host_member);
	if (has_nul(host))
		return refuse(r, "%s has a NUL byte in it", host_member);
	print(out, size, is_bare_v6(host) ? "[" SLICE_FMT "]:%u" : SLICE_FMT ":%u",
	    SLICE_ARG(host), (unsigned)number);
	return true;
}

static bool
read_listener(struct record_reader *r, const json_t *listener, const json_t *backends,
    struct record *out)
{
	const json_t *backend = backend_named(backends, text_of(member_of(listener, "backend")));
	char name[HOST_MAX + 16], fields[HOST_MAX + 16] = "tcp=";

	*out = (struct record){ 0 };
	if (!json_is_object(listener))
		return refuse(r, "not an object");
	if (!join_place(r, listener, "address", name, sizeof(name)))
		return false;
	set_about(r, slice_str(name));
	if (backend == NULL)
		return refuse(r, "its backend is not in the list of backends");
	if (!join_place(r, backend, "host", fields + 4, sizeof(fields) - 4))
		return false;
	return record_line_make(&r->line, slice_str(name), slice_str(fields), &out->text, r->why);
}

/* porxy: listeners joined with backends by name. */
static void
read_listeners(struct stream *s, const json_t *listeners, const json_t *backends)
{
	struct record record;
	json_t *value;
	size_t i;

	json_array_foreach(listeners, i, value) {
		bool ok = read_listener(s->reader, value, backends, &record);
		struct slice key = text_of(member_of(value, "name"));

		tell(s, ok ? record.text.name : key.p != NULL ? key : slice_str("listener"), ok,
		    &record);
	}
}

/* A wrapped record outside a store is named by its Key, whatever the folder in it. */
static void
read_keyed(struct stream *s, const json_t *wrapper)
{
	struct slice key = text_of(member_of(wrapper, "Key")), name = key, rest = key;
	enum record_rank rank;
	struct record record;
	bool ok;

	if (key.p != NULL && !record_key(slice_str(s->reader->prefix), key, &rank, &name))
		while (rest.p != NULL)
			name = slice_cut(&rest, '/');
	ok = read_wrapped(s->reader, name.len > 0 ? name : slice_of(NULL, 0), wrapper, &record);
	tell(s, key.len > 0 ? key : slice_str("wrapper"), ok, &record);
}

static void
read_value(struct stream *s, const json_t *value)
{
	const json_t *server = member_of(value, "server");
	const json_t *listeners = member_of(value, "listeners");
	struct slice nameless = slice_of(NULL, 0), sni = text_of(member_of(value, "sni"));
	struct record record;

	if (json_is_object(server)) {
		read_services(s, member_of(server, "services"));
	} else if (json_is_array(listeners)) {
		read_listeners(s, listeners, member_of(value, "backends"));
	} else if (is_wrapper(value)) {
		read_keyed(s, value);
	} else {
		bool ok = read_record(s->reader, nameless, value, &record);

		tell(s, sni.len > 0 ? sni : slice_str("record"), ok, &record);
	}
}

/* Read one value and move *text past it. False, with the reason: it is not an object. */
static bool
read_next(struct stream *s, const char *begin, struct slice *text)
{
	struct record_reader *r = s->reader;
	json_error_t error;
	json_t *value = load(*text, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, &error, &r->starved);
	size_t at = (size_t)(text->p - begin) + (size_t)error.position;
	bool ok = json_is_object(value);

	if (value == NULL)
		return refuse_json(r, &error, at);
	if (ok)
		read_value(s, value);
	else
		refuse(r, "a JSON value that is not an object before byte %zu", at);
	json_decref(value);
	*text = slice_skip(*text, (size_t)error.position);
	return ok;
}

bool
record_stream(struct record_reader *r, struct slice text, record_told *told, void *arg)
{
	struct stream s = { .reader = r, .told = told, .arg = arg };
	const char *begin = text.p;
	bool ok = true;

	r->about = slice_of(NULL, 0);
	r->starved = false;
	text = trim(text);
	if (text.len == 0)
		return refuse(r, "no JSON value");
	for (; ok && text.len > 0; text = trim(text))
		ok = read_next(&s, begin, &text) && !r->starved;
	if (r->starved)
		return refuse_starved(r);
	return ok && (s.good > 0 || s.bad == 0 || refuse(r, "none of its records is valid"));
}
