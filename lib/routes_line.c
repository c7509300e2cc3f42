/* SPDX-License-Identifier: ISC */
/* One line of a routes file: text -> checked fields. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "host.h"
#include "num.h"
#include "routes_line.h"

#define ALPN_PROTO_MAX 255u	/* bytes (RFC 7301 3.1) */
#define QUOTED_MAX 100u		/* bytes of a value that a message shows */
#define PRINTABLE_SIZE (QUOTED_MAX * 4 + sizeof("..."))
#define QUOTE_SIZE (PRINTABLE_SIZE + 2)

/* ---- reasons ---- */

static bool refuse(struct routes_why *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool
refuse(struct routes_why *why, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why->text, sizeof(why->text), format, ap);
	va_end(ap);
	return false;
}

/* Text for a message: control and non-ASCII bytes as \xNN, cut when long. */
static const char *
printable(struct slice s, char out[static PRINTABLE_SIZE])
{
	size_t n = 0;

	for (size_t i = 0; i < s.len && i < QUOTED_MAX; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= ' ' && c < 0x7f)
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, 5, "\\x%02x", c);
	}
	strcpy(out + n, s.len > QUOTED_MAX ? "..." : "");
	return out;
}

/* What is wrong, in quotation marks, unless it is not to be shown. */
static const char *
quote(const struct routes_why *why, struct slice s, char out[static QUOTE_SIZE])
{
	if (why->discreet)
		return "...";
	out[0] = '"';
	printable(s, out + 1);
	return strcat(out, "\"");
}

void
routes_tell(routes_report *report, void *arg, const char *path, unsigned line, const char *why)
{
	char text[PATH_MAX + ROUTES_WHY_MAX + sizeof(":4294967295: ")];

	if (report == NULL)
		return;
	if (line == 0)
		snprintf(text, sizeof(text), "%s: %s", path, why);
	else
		snprintf(text, sizeof(text), "%s:%u: %s", path, line, why);
	report(arg, text);
}

/* ---- fields ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The CR of a CRLF counts as a trailing blank. */
static struct slice
trim_end(struct slice line)
{
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	while (line.len > 0 && is_blank(line.p[line.len - 1]))
		line.len--;
	return line;
}

bool
routes_line_is_sorted_mark(struct slice line)
{
	return slice_is(trim_end(line), ROUTES_SORTED_MARK);
}

struct slice
routes_line_name(struct slice line)
{
	line = trim_end(line);
	return slice_cut_field(&line);
}

/* ---- NAMEs ---- */

static bool
is_address(struct slice name)
{
	return name.len > 0 && memchr(name.p, ':', name.len) != NULL;
}

enum routes_name
routes_name_kind(struct slice name)
{
	struct addr addr;

	if (is_address(name))
		return addr_parse(name, ADDR_LISTEN, &addr) == ADDR_OK ? NAME_LISTEN : NAME_BAD;
	if (slice_is(name, "*"))
		return NAME_ALL;
	if (slice_starts(name, "*."))
		return host_valid(slice_skip(name, 2)) ? NAME_WILDCARD : NAME_BAD;
	return host_valid(name) ? NAME_HOST : NAME_BAD;
}

/* Whether two NAMEs are one: addresses as written, others whatever their case and trailing dot. */
static bool
name_eq(struct slice a, struct slice b)
{
	if (slice_eq(a, b))
		return true;
	if (is_address(a))
		return false;
	a = host_without_dot(a);
	b = host_without_dot(b);
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (host_lower(a.p[i]) != host_lower(b.p[i]))
			return false;
	return true;
}

bool
routes_line_is_of(struct slice line, struct slice name)
{
	if (line.len > name.len && is_blank(line.p[name.len]) &&
	    memcmp(line.p, name.p, name.len) == 0)
		return true;	/* the usual spelling */
	return name_eq(routes_line_name(line), name);
}

int
routes_name_order(struct slice a, struct slice b)
{
	int order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	if (order != 0)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool
routes_name_is_canonical(struct slice name)
{
	if (is_address(name))
		return true;
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] != host_lower(name.p[i]))
			return false;
	return host_without_dot(name).len == name.len;
}

bool
routes_why_unsorted(struct slice name, struct slice before, struct routes_why *why)
{
	char quoted[QUOTE_SIZE], quoted_before[QUOTE_SIZE];

	if (!routes_name_is_canonical(name))
		return !refuse(why,
		    "%s in a sorted file: not in lower case without trailing dot",
		    quote(why, name, quoted));
	if (before.p != NULL && routes_name_order(before, name) > 0)
		return !refuse(why, "not in sort order: %s after %s",
		    quote(why, name, quoted), quote(why, before, quoted_before));
	return false;
}

/* ---- values ---- */

/* A key that is known: only the protocol of one is the writer's own. */
static const char *
key_text(const struct routes_why *why, const struct routes_field *f, char out[static QUOTE_SIZE])
{
	return why->discreet && f->key == KEY_ALPN ? ROUTES_ALPN_PREFIX "PROTO" :
	    printable(f->word, out);
}

/* reason may be NULL: there is no more to say. */
static bool
refuse_item(const struct routes_field *f, const char *what, struct slice item, const char *reason,
    struct routes_why *why)
{
	char quoted[QUOTE_SIZE], word[QUOTE_SIZE];

	if (item.len == 0)
		return refuse(why, "empty item in %s=", key_text(why, f, word));
	return refuse(why, "bad %s %s in %s=%s%s", what, quote(why, item, quoted),
	    key_text(why, f, word), reason == NULL ? "" : ": ", reason == NULL ? "" : reason);
}

static bool
check_target(const struct routes_field *f, struct slice target, struct routes_why *why)
{
	enum addr_result result;
	struct addr addr;

	if (f->key == KEY_HTTP && slice_starts(target, "pass:"))
		return refuse(why, "pass: in http= (requests are routed one by one)");
	result = addr_parse(target, ADDR_ALLOW_PASS, &addr);
	return result == ADDR_OK ||
	    refuse_item(f, "address", target, addr_why(result, ADDR_ALLOW_PASS), why);
}

static bool
check_targets(const struct routes_field *f, struct routes_why *why)
{
	struct slice rest = f->value;

	do {
		if (!check_target(f, slice_cut(&rest, ','), why))
			return false;
	} while (rest.p != NULL);
	return true;
}

static bool
check_alpn(const struct routes_field *f, struct routes_why *why)
{
	struct slice proto = slice_skip(f->word, strlen(ROUTES_ALPN_PREFIX));
	char quoted[QUOTE_SIZE];

	if (proto.len == 0)
		return refuse(why, "no protocol in alpn:");
	if (proto.len > ALPN_PROTO_MAX)
		return refuse(why, "protocol in alpn: longer than %u bytes", ALPN_PROTO_MAX);
	for (size_t i = 0; i < proto.len; i++)
		if (proto.p[i] <= ' ' || proto.p[i] >= 0x7f)
			return refuse(why, "protocol %s in alpn: is not printable ASCII",
			    quote(why, proto, quoted));
	return check_targets(f, why);
}

static bool
check_cidrs(const struct routes_field *f, struct routes_why *why)
{
	struct slice bad;

	return cidr_list_valid(f->value, &bad) || refuse_item(f, "network", bad, NULL, why);
}

bool
routes_parse_proxy(struct slice value, enum proxyhdr_version *out)
{
	*out = slice_is(value, "v1") ? PROXYHDR_V1 :
	    slice_is(value, "v2") ? PROXYHDR_V2 : PROXYHDR_NONE;
	return *out != PROXYHDR_NONE;
}

static bool
check_proxy(const struct routes_field *f, struct routes_why *why)
{
	enum proxyhdr_version version;

	return routes_parse_proxy(f->value, &version) ||
	    refuse_item(f, "value", f->value, "not v1 or v2", why);
}

bool
routes_parse_balance(struct slice value, enum routes_balance *out)
{
	static const char *const words[] = {
		[BALANCE_LEAST] = "least",
		[BALANCE_FIRST] = "first",
		[BALANCE_SOURCE] = "source",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (slice_is(value, words[i])) {
			*out = (enum routes_balance)i;
			return true;
		}
	return false;
}

static bool
check_balance(const struct routes_field *f, struct routes_why *why)
{
	enum routes_balance balance;

	return routes_parse_balance(f->value, &balance) ||
	    refuse_item(f, "value", f->value, "not least, first or source", why);
}

static bool
check_max(const struct routes_field *f, struct routes_why *why)
{
	uint64_t max;

	return num_parse(f->value, 1, UINT32_MAX, &max) ||
	    refuse_item(f, "number", f->value, "not from 1 to 4294967295", why);
}

static bool
check_as(const struct routes_field *f, struct routes_why *why)
{
	return host_valid(f->value) || refuse_item(f, "host name", f->value, NULL, why);
}

/* ---- keys ---- */

#define ON(kind) (1u << (kind))
#define ON_NAME (ON(NAME_HOST) | ON(NAME_WILDCARD))
#define NOT_LISTEN (ON_NAME | ON(NAME_ALL))
#define NOT_NAME (ON(NAME_ALL) | ON(NAME_LISTEN))
#define ON_ANY (ON_NAME | ON(NAME_ALL) | ON(NAME_LISTEN))

static const struct {
	const char *word;	/* alpn: is followed by its protocol */
	unsigned on;		/* the forms of NAME it is allowed with */
	const char *not_on;	/* why it is not allowed with others */
	bool (*check)(const struct routes_field *f, struct routes_why *why);
} keys[] = {
	[KEY_TLS] = { "tls", NOT_LISTEN, "a listening address takes tcp=", check_targets },
	[KEY_HTTP] = { "http", NOT_LISTEN, "a listening address takes tcp=", check_targets },
	[KEY_TCP] = { "tcp", NOT_NAME, "it goes with * or a listening address", check_targets },
	[KEY_ALPN] = { ROUTES_ALPN_PREFIX, NOT_LISTEN,
	    "a listening address takes tcp=", check_alpn },
	[KEY_PROXY] = { "proxy", ON_ANY, NULL, check_proxy },
	[KEY_BALANCE] = { "balance", ON_ANY, NULL, check_balance },
	[KEY_ALLOW] = { "allow", ON_ANY, NULL, check_cidrs },
	[KEY_DENY] = { "deny", ON_ANY, NULL, check_cidrs },
	[KEY_MAX] = { "max", ON_ANY, NULL, check_max },
	[KEY_AS] = { "as", NOT_NAME, "the name is known already", check_as },
};

static enum routes_key
key_of(struct slice word)
{
	for (size_t i = 0; i < KEY_UNKNOWN; i++)
		if (i != KEY_ALPN && slice_is(word, keys[i].word))
			return (enum routes_key)i;
	return slice_starts(word, ROUTES_ALPN_PREFIX) ? KEY_ALPN : KEY_UNKNOWN;
}

bool
routes_is_key(struct slice word)
{
	return key_of(word) != KEY_UNKNOWN;
}

/* KEY=VALUE -> a field; its value is absent when there is no '='. */
static struct routes_field
split_field(struct slice text)
{
	struct routes_field f = { .value = text };

	f.word = slice_cut(&f.value, '=');
	f.key = key_of(f.word);
	return f;
}

/* Anyone who writes a host with a port means the host: why that is something else here. */
static const char *
why_not_on(enum routes_key key, enum routes_name kind, struct slice name)
{
	if (kind == NAME_LISTEN && name.p[0] != ':' && !slice_starts(name, "unix:"))
		return "the name has a port, so it is a listening address, which takes tcp=";
	return keys[key].not_on;
}

static bool
check_field(const struct routes_field *f, enum routes_name kind, struct slice name,
    struct routes_why *why)
{
	char word[QUOTE_SIZE];

	if (f->value.p == NULL)
		return refuse(why, "%s is not KEY=VALUE", quote(why, f->word, word));
	if (f->key == KEY_UNKNOWN)
		return refuse(why, "unknown key %s", quote(why, f->word, word));
	if (f->value.len == 0)
		return refuse(why, "%s= is empty", key_text(why, f, word));
	if (!(keys[f->key].on & ON(kind)))
		return refuse(why, "%s= in the wrong place: %s", key_text(why, f, word),
		    why_not_on(f->key, kind, name));
	return keys[f->key].check(f, why);
}

/* ---- lines ---- */

static bool
check_name(struct slice name, enum routes_name *kind, struct routes_why *why)
{
	char quoted[QUOTE_SIZE];
	struct addr addr;

	*kind = routes_name_kind(name);
	if (*kind != NAME_BAD)
		return true;
	if (is_address(name))
		return refuse(why, "bad listening address %s: %s", quote(why, name, quoted),
		    addr_why(addr_parse(name, ADDR_LISTEN, &addr), ADDR_LISTEN));
	return refuse(why,
	    "bad name %s: neither a host name, *.SUFFIX, * nor a listening address",
	    quote(why, name, quoted));
}

static bool
check_text(struct slice line, struct routes_why *why)
{
	if (line.len > ROUTES_LINE_MAX)
		return refuse(why, "line longer than %u bytes", ROUTES_LINE_MAX);
	if (line.len > 0 && memchr(line.p, '\0', line.len) != NULL)
		return refuse(why, "NUL byte");
	return true;
}

static bool
refuse_keys(struct routes_why *why)
{
	return refuse(why, "more than %u keys for one name", ROUTES_KEYS_MAX);
}

static bool
check_fields(struct slice rest, enum routes_name kind, struct slice name, struct routes_fields *f,
    struct routes_why *why)
{
	bool has_target = false;
	struct slice text;

	while ((text = slice_cut_field(&rest)).p != NULL) {
		struct routes_field field = split_field(text);

		why->word = (unsigned)f->n + 1;
		if (!check_field(&field, kind, name, why))
			return false;
		if (f->n == ROUTES_KEYS_MAX)
			return refuse_keys(why);
		has_target |= field.key <= KEY_LAST_TARGET;
		f->field[f->n++] = field;
	}
	why->word = 0;
	return has_target ||
	    refuse(why, "no target: none of tls=, http=, tcp=, alpn:PROTO=");
}

bool
routes_line_check(struct slice line, struct routes_fields *f, struct routes_why *why)
{
	struct slice rest = trim_end(line), name;
	enum routes_name kind;

	why->word = 0;
	if (!check_text(line, why))
		return false;
	name = slice_cut_field(&rest);
	if (name.p == NULL)
		return true;
	if (!check_name(name, &kind, why))
		return false;
	f->name = name;
	return check_fields(rest, kind, name, f, why);
}

void
routes_line_add(struct slice line, struct routes_fields *f)
{
	struct slice rest = trim_end(line), text;
	struct slice name = slice_cut_field(&rest);

	if (f->name.p == NULL)
		f->name = name;
	while (f->n < ROUTES_KEYS_MAX && (text = slice_cut_field(&rest)).p != NULL)
		f->field[f->n++] = split_field(text);
}

bool
routes_fields_join(struct routes_fields *f, const struct routes_fields *line,
    struct routes_why *why)
{
	if (f->n + line->n > ROUTES_KEYS_MAX)
		return refuse_keys(why);
	if (f->name.p == NULL)
		f->name = line->name;
	memcpy(f->field + f->n, line->field, line->n * sizeof(*line->field));
	f->n += line->n;
	return true;
}

void
routes_why_repeated(const struct routes_fields *f, const struct routes_field *first, unsigned line,
    struct routes_why *why)
{
	char word[QUOTE_SIZE], name[QUOTE_SIZE];

	refuse(why, "duplicate %s for %s (first at line %u)",
	    printable(first->word, word), printable(f->name, name), line);
}

/* ---- the canonical form ---- */

static size_t
put_name(struct slice name, char *out)
{
	bool address = is_address(name);

	if (!address)
		name = host_without_dot(name);
	for (size_t i = 0; i < name.len; i++)
		out[i] = address ? name.p[i] : host_lower(name.p[i]);
	return name.len;
}

static size_t
put_field(const struct routes_field *f, char *out)
{
	char *at = out;

	*at++ = ' ';
	memcpy(at, f->word.p, f->word.len);
	at += f->word.len;
	*at++ = '=';
	memcpy(at, f->value.p, f->value.len);
	return (size_t)(at - out) + f->value.len;
}

bool
routes_line_canonical(struct slice line, char *out, struct routes_text *text,
    struct routes_why *why)
{
	const struct routes_field *twice;
	struct routes_fields f;
	char quoted[QUOTE_SIZE];
	size_t len;

	*text = (struct routes_text){ 0 };
	routes_fields_clear(&f);
	why->word = 0;
	if (line.len > 0 && memchr(line.p, '\n', line.len) != NULL)
		return refuse(why, "line feed");
	if (!routes_line_check(line, &f, why))
		return false;
	if (f.name.p == NULL)
		return true;
	if ((twice = routes_fields_repeated(&f, 0)) != NULL)
		return refuse(why, "duplicate %s", key_text(why, twice, quoted));
	len = put_name(f.name, out);
	text->name = slice_of(out, len);
	for (size_t i = 0; i < f.n; i++)
		len += put_field(&f.field[i], out + len);
	text->line = slice_of(out, len);
	text->fields = slice_skip(text->line, text->name.len + 1);
	return true;
}
