/* SPDX-License-Identifier: ISC */
/* The tunnel's control messages: one JSON object per line. */
#include "control.h"

#include <jansson.h>
#include <stdlib.h>

#include "host.h"

/* A member that is a whole number, and its range. */
struct number {
	const char *member;
	json_int_t min, max;
	bool optional;
	const char *why;
};

#define TEXT_OF(number) #number
#define NUMBER(member, min, max, optional)                                                         \
	{ member, min, max, optional,                                                              \
	    member " is not a number from " TEXT_OF(min) " to " TEXT_OF(max) }
#define VERSION_MAX 4294967295	/* 32 bits */
#define MS_MAX 86400000		/* a day */
#define STREAMS_MAX 2147483647	/* yamux has no more ids for one side */

static const struct number
    version = NUMBER("version", 1, VERSION_MAX, false),
    heartbeat = NUMBER("heartbeat_ms", 0, MS_MAX, false),
    dead = NUMBER("dead_ms", 0, MS_MAX, false),
    streams = NUMBER("streams", 1, STREAMS_MAX, false),
    after = NUMBER("after_ms", 0, MS_MAX, true),
    within = NUMBER("within_ms", 0, MS_MAX, true);

static const char *const type_word[] = {
	[CONTROL_HELLO] = "hello", [CONTROL_WELCOME] = "welcome",
	[CONTROL_ERROR] = "error", [CONTROL_DRAIN] = "drain",
};

static const char *const code_word[] = {
	[CONTROL_REFUSED] = "refused", [CONTROL_UNAUTHORISED] = "unauthorised",
	[CONTROL_EXPIRED] = "expired", [CONTROL_FROM] = "from", [CONTROL_LIMIT] = "limit",
	[CONTROL_REPLACED] = "replaced", [CONTROL_REVOKED] = "revoked",
	[CONTROL_VERSION_BAD] = "version", [CONTROL_PROTOCOL] = "protocol",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
_Static_assert(COUNT(type_word) == CONTROL_OTHER, "a word that is none of these is CONTROL_OTHER");

const char *
control_code_word(enum control_code code)
{
	return code_word[code];
}

void
control_free(struct control *c)
{
	free(c->memory);
	*c = (struct control){ .type = CONTROL_OTHER };
}

/* ---- reading ---- */

/* The state of reading one line. */
struct reader {
	const json_t *object;
	struct control *out;
	char *at;		/* room for texts, in out->memory: decoding makes none longer */
	const char *why;
};

static bool
refuse(struct reader *r, const char *why)
{
	r->why = why;
	return false;
}

/* Absent when the value is none, or no text. */
static struct slice
text_of(const json_t *value)
{
	return slice_of(json_string_value(value), json_string_length(value));
}

/* The index of text among n words, n when it is not one of them. */
static size_t
find_word(struct slice text, const char *const *words, size_t n)
{
	size_t i = 0;

	while (i < n && !slice_is(text, words[i]))
		i++;
	return i;
}

/* A whole number; *out is left alone when an optional member is missing. */
static bool
read_number(struct reader *r, const struct number *rule, uint64_t *out)
{
	const json_t *value = json_object_get(r->object, rule->member);
	json_int_t number = json_integer_value(value);

	if (value == NULL && rule->optional)
		return true;
	if (!json_is_integer(value) || number < rule->min || number > rule->max)
		return refuse(r, rule->why);
	*out = (uint64_t)number;
	return true;
}

static bool
read_version(struct reader *r)
{
	uint64_t number;

	if (!read_number(r, &version, &number))
		return false;
	r->out->version = (uint32_t)number;
	return true;
}

static bool
read_hint(struct reader *r)
{
	return read_number(r, &after, &r->out->after_ms) &&
	    read_number(r, &within, &r->out->within_ms);
}

/* A host name or *.SUFFIX, in its one written form. */
static bool
read_name(struct reader *r, const json_t *value, struct slice *out)
{
	char name[HOST_PATTERN_MAX + 1];
	size_t len = host_normalize_pattern(text_of(value), name);

	if (len == 0)
		return false;
	*out = slice_of(r->at, len);
	memcpy(r->at, name, len);
	r->at += len;
	return true;
}

static bool
read_service(struct reader *r, const json_t *object, struct control_service *out)
{
	const json_t *name = json_object_get(object, "name");

	out->kind = kind_of(text_of(json_object_get(object, "kind")));
	if (out->kind == KIND_UNKNOWN)
		return refuse(r, "the kind of a service is none of tls, http, tcp");
	if (name != NULL && !read_name(r, name, &out->name))
		return refuse(r, "the name of a service is not a host name");
	return true;
}

static bool
read_services(struct reader *r, const json_t *services)
{
	struct control *c = r->out;

	while (c->n_services < json_array_size(services)) {
		if (!read_service(r, json_array_get(services, c->n_services),
		    &c->services[c->n_services]))
			return false;
		c->n_services++;
	}
	return true;
}

static bool
read_names(struct reader *r, const json_t *names)
{
	struct control *c = r->out;

	while (c->n_names < json_array_size(names)) {
		if (!read_name(r, json_array_get(names, c->n_names), &c->names[c->n_names]))
			return refuse(r, "names holds something that is not a host name");
		c->n_names++;
	}
	return true;
}

/*
 * Zeroed room for n elements of size bytes, then for the texts of a line of len bytes.
 * NULL: out of memory.
 */
static void *
make_room(struct reader *r, size_t n, size_t size, size_t len)
{
	if ((r->out->memory = calloc(1, n * size + len + 1)) == NULL)
		refuse(r, "out of memory");
	else
		r->at = (char *)r->out->memory + n * size;
	return r->out->memory;
}

static bool
is_instance(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!(text.p[i] >= '0' && text.p[i] <= '9') &&
		    !(text.p[i] >= 'a' && text.p[i] <= 'f'))
			return false;
	return text.len == CONTROL_INSTANCE_LEN;
}

static bool
read_hello(struct reader *r, size_t len)
{
	const json_t *services = json_object_get(r->object, "services");
	struct slice instance = text_of(json_object_get(r->object, "instance"));
	struct control *c = r->out;

	if (!read_version(r))
		return false;
	if (!is_instance(instance))
		return refuse(r, "instance is not 32 lower-case hexadecimal digits");
	memcpy(c->instance, instance.p, instance.len);
	if (services == NULL)
		return true;
	if (!json_is_array(services) || json_array_size(services) > CONTROL_SERVICES_MAX)
		return refuse(r, "services is not a list of at most 64");
	c->services = make_room(r, json_array_size(services), sizeof(c->services[0]), len);
	return c->services != NULL && read_services(r, services);
}

static bool
read_welcome(struct reader *r, size_t len)
{
	const json_t *names = json_object_get(r->object, "names");
	struct control *c = r->out;
	uint64_t number = 0;

	if (!read_version(r) ||
	    !read_number(r, &heartbeat, &c->heartbeat_ms) || !read_number(r, &dead, &c->dead_ms) ||
	    !read_number(r, &streams, &number) || !read_hint(r))
		return false;
	c->streams = (uint32_t)number;
	if (!json_is_array(names) || json_array_size(names) > CONTROL_NAMES_MAX)
		return refuse(r, "names is not a list of at most 256");
	c->names = make_room(r, json_array_size(names), sizeof(c->names[0]), len);
	return c->names != NULL && read_names(r, names);
}

/* At most CONTROL_TEXT_MAX bytes of UTF-8, cut between characters. */
static struct slice
cut_text(struct slice text)
{
	if (text.len > CONTROL_TEXT_MAX) {
		text.len = CONTROL_TEXT_MAX;
		while (text.len > 0 && ((uint8_t)text.p[text.len] & 0xc0) == 0x80)
			text.len--;
	}
	return text;
}

/*
 * Valid UTF-8 with its control characters (C0, DEL, and C1: C2 80 to C2 9F) turned into blanks;
 * returns the bytes written.
 */
static size_t
copy_printable(struct slice text, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.p[i];
		bool c1 = c == 0xc2 && (uint8_t)text.p[i + 1] < 0xa0;

		out[n++] = c < ' ' || c == 0x7f || c1 ? ' ' : (char)c;
		i += c1;
	}
	return n;
}

static bool
read_error(struct reader *r, size_t len)
{
	const json_t *code = json_object_get(r->object, "code"),
	    *text = json_object_get(r->object, "text");
	struct control *c = r->out;
	size_t known = find_word(text_of(code), code_word, COUNT(code_word));

	if (!json_is_string(code))
		return refuse(r, "code is not text");
	if (text != NULL && !json_is_string(text))
		return refuse(r, "text is not text");
	c->code = known == COUNT(code_word) ? CONTROL_REFUSED : (enum control_code)known;
	if (text != NULL && make_room(r, 0, 0, len) != NULL)
		c->text = slice_of(r->at, copy_printable(cut_text(text_of(text)), r->at));
	return read_hint(r) && r->why == NULL;
}

/* len is the length of the line. */
static bool
read_object(struct reader *r, size_t len)
{
	const json_t *type = json_object_get(r->object, "type");

	if (!json_is_string(type))
		return refuse(r, "no object with a type");
	r->out->type = (enum control_type)find_word(text_of(type), type_word, COUNT(type_word));
	switch (r->out->type) {
	case CONTROL_HELLO:
		return read_hello(r, len);
	case CONTROL_WELCOME:
		return read_welcome(r, len);
	case CONTROL_ERROR:
		return read_error(r, len);
	case CONTROL_DRAIN:
		return read_hint(r);
	case CONTROL_OTHER:
		break;
	}
	return true;
}

static const char *
why_no_json(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		return "a member stands there twice";
	case json_error_stack_overflow:
		return "nested too deeply";
	case json_error_numeric_overflow:
		return "a number is too large";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "a text holds a NUL";
	case json_error_out_of_memory:
		return "out of memory";
	default:
		return "not JSON";
	}
}

enum control_line
control_line(struct slice all, uint32_t *scanned, struct slice *line)
{
	const char *end = all.len <= *scanned ? NULL :
	    memchr(all.p + *scanned, '\n', all.len - *scanned);
	size_t len = end == NULL ? all.len : (size_t)(end - all.p);

	*scanned = end == NULL ? (uint32_t)len : 0;
	*line = slice_of(all.p, len);
	return len >= CONTROL_LINE_MAX ? CONTROL_LINE_LONG :
	    end == NULL ? CONTROL_LINE_MORE : CONTROL_LINE_OK;
}

bool
control_read(struct slice line, struct control *out, const char **why)
{
	struct reader r = { .out = out };
	json_error_t error;
	json_t *object;
	bool ok;

	*out = (struct control){ .type = CONTROL_OTHER };
	if (line.len >= CONTROL_LINE_MAX) {
		*why = "a line of more than 65536 bytes";
		return false;
	}
	object = json_loadb(line.p, line.len, JSON_REJECT_DUPLICATES, &error);
	r.object = object;
	ok = object != NULL ? read_object(&r, line.len) : refuse(&r, why_no_json(&error));
	json_decref(object);
	if (!ok)
		control_free(out);
	*why = r.why;
	return ok;
}

/* ---- writing ---- */

/* jansson's setters refuse a value that could not be made: any failure shows as -1 here. */
static int
set_text(json_t *object, const char *member, struct slice text)
{
	return json_object_set_new(object, member, json_stringn(text.p, text.len));
}

static int
set_number(json_t *object, const char *member, uint64_t number)
{
	return json_object_set_new(object, member, json_integer((json_int_t)number));
}

static int
set_hint(json_t *object, const struct control *c)
{
	int failed = set_number(object, "after_ms", c->after_ms);

	return failed | set_number(object, "within_ms", c->within_ms);
}

static int
append_service(json_t *services, const struct control_service *s)
{
	json_t *object = json_object();
	int failed = set_text(object, "kind", slice_str(kind_word(s->kind)));

	if (s->name.p != NULL)
		failed |= set_text(object, "name", s->name);
	return failed | json_array_append_new(services, object);
}

static int
set_hello(json_t *object, const struct control *c)
{
	json_t *services = json_array();
	int failed = set_number(object, "version", c->version);

	failed |= set_text(object, "instance", slice_str(c->instance));
	for (size_t i = 0; i < c->n_services; i++)
		failed |= append_service(services, &c->services[i]);
	return failed | json_object_set_new(object, "services", services);
}

static int
set_welcome(json_t *object, const struct control *c)
{
	json_t *names = json_array();
	int failed = set_number(object, "version", c->version);

	for (size_t i = 0; i < c->n_names; i++)
		failed |= json_array_append_new(names,
		    json_stringn(c->names[i].p, c->names[i].len));
	failed |= json_object_set_new(object, "names", names);
	failed |= set_number(object, "heartbeat_ms", c->heartbeat_ms);
	failed |= set_number(object, "dead_ms", c->dead_ms);
	failed |= set_number(object, "streams", c->streams);
	return failed | set_hint(object, c);
}

static int
set_error(json_t *object, const struct control *c)
{
	int failed = set_text(object, "code", slice_str(control_code_word(c->code)));

	/* left out if there is none, or it is not UTF-8: the code says enough */
	set_text(object, "text", cut_text(c->text));
	return failed | set_hint(object, c);
}

static int
set_members(json_t *object, const struct control *c)
{
	switch (c->type) {
	case CONTROL_HELLO:
		return set_hello(object, c);
	case CONTROL_WELCOME:
		return set_welcome(object, c);
	case CONTROL_ERROR:
		return set_error(object, c);
	case CONTROL_DRAIN:
		return set_hint(object, c);
	case CONTROL_OTHER:
		break;
	}
	return -1;
}

/* The object as one line. NULL when that would be too long. */
static char *
dump_line(const json_t *object, size_t *len)
{
	size_t room = CONTROL_LINE_MAX - 1, n;
	char *line = malloc(room + 1), *fitted;

	n = line == NULL ? 0 : json_dumpb(object, line, room, JSON_COMPACT);
	if (n == 0 || n > room) {
		free(line);
		return NULL;
	}
	line[n] = '\n';
	*len = n + 1;
	fitted = realloc(line, n + 1);
	return fitted != NULL ? fitted : line;
}

char *
control_write(const struct control *c, size_t *len)
{
	json_t *object = json_object();
	int failed = c->type == CONTROL_OTHER ||
	    set_text(object, "type", slice_str(type_word[c->type])) == -1 ||
	    set_members(object, c) == -1;
	char *line = failed ? NULL : dump_line(object, len);

	json_decref(object);
	return line;
}
