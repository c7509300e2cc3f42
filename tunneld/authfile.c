/* SPDX-License-Identifier: ISC */
/* The authorization file: text -> grants. */
#include "authfile.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "addr.h"
#include "hash.h"
#include "host.h"
#include "log.h"
#include "num.h"

#define SECRET_PREFIX "secret="
#define HASH_PREFIX "sha256:"
#define REASON_MAX (LOG_VALUE_MAX + 256u)
#define DAYS_TO_1970 719162	/* from 0001-01-01 */
#define DAY_SECONDS 86400

enum option {
	OPTION_NAMES, OPTION_SESSIONS, OPTION_STREAMS, OPTION_FROM, OPTION_EXPIRES, OPTION_COUNT
};

static const char *const words[OPTION_COUNT] = {
	"names", "sessions", "streams", "from", "expires"
};

/* A line, taken apart: borrowed from the text. */
struct fields {
	struct slice id;			/* absent: by secret */
	uint8_t secret[SHA256_SIZE];
	struct slice value[OPTION_COUNT];	/* absent: not given */
};

struct parser {
	const char *path;
	authfile_report *report;
	void *arg;
	unsigned line;
	bool bad;
	bool no_memory;			/* at least one line was not looked at */
	struct grant *first, **last;	/* owned until they are handed over */
	struct grant **seen;		/* hash of them, by who; owned */
	size_t nseen;			/* a power of two, at most half of them in use */
};

/* ---- reasons ---- */

static bool
tell(struct parser *p, const char *why)
{
	char text[PATH_MAX + REASON_MAX + sizeof(":4294967295: ")];

	p->bad = true;
	if (p->report == NULL)
		return false;
	snprintf(text, sizeof(text), "%s:%u: %s", p->path, p->line, why);
	p->report(p->arg, text);
	return false;
}

static bool
refuse(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool
refuse(struct parser *p, const char *format, ...)
{
	char why[REASON_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	return tell(p, why);
}

static bool
out_of_memory(struct parser *p)
{
	p->no_memory = true;
	return false;
}

/* ---- a line's fields ---- */

static bool
check_text(struct parser *p, struct slice line)
{
	if (line.len > AUTHFILE_LINE_MAX)
		return refuse(p, "line longer than %u bytes", AUTHFILE_LINE_MAX);
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.p[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return refuse(p, "control byte \\x%02x", c);
	}
	return true;
}

static enum option
option_of(struct slice word)
{
	size_t i;

	for (i = 0; i < OPTION_COUNT; i++)
		if (slice_is(word, words[i]))
			break;
	return (enum option)i;
}

static bool
take_option(struct parser *p, struct slice text, struct fields *f)
{
	struct slice value = text, word = slice_cut(&value, '=');
	enum option option = option_of(word);
	char quoted[LOG_VALUE_MAX];

	if (value.p == NULL)
		return refuse(p, "%s is not OPTION=VALUE", log_value(word, quoted));
	if (slice_is(word, "secret"))
		return refuse(p, "secret= behind another field: it begins a line of its own");
	if (option == OPTION_COUNT)
		return refuse(p, "unknown option %s=", log_value(word, quoted));
	if (f->value[option].p != NULL)
		return refuse(p, "%s= given twice", words[option]);
	if (value.len == 0)
		return refuse(p, "%s= is empty", words[option]);
	f->value[option] = value;
	return true;
}

/* ---- who ---- */

/* What is wrong here may be a secret somebody forgot to hash: it is not shown. */
static bool
take_who(struct parser *p, struct slice text, struct fields *f)
{
	if (identity_id_valid(text)) {
		f->id = text;
		return true;
	}
	if (!slice_starts(text, SECRET_PREFIX))
		return refuse(p, "neither an id (%u characters a-z and 2-7) nor secret=sha256:HEX",
		    IDENTITY_ID_LEN);
	text = slice_skip(text, strlen(SECRET_PREFIX));
	if (slice_starts(text, HASH_PREFIX) &&
	    sha256_from_hex(slice_skip(text, strlen(HASH_PREFIX)), f->secret))
		return true;
	return refuse(p, "secret= is not sha256: and %u hexadecimal digits", 2 * SHA256_SIZE);
}

static void
set_who(const struct fields *f, struct grant *g)
{
	g->by_secret = f->id.p == NULL;
	memcpy(g->secret, f->secret, SHA256_SIZE);
	if (!g->by_secret)
		memcpy(g->id, f->id.p, f->id.len);
}

static bool
remember(struct parser *p, struct grant *g)
{
	struct slice who = grant_key(g);
	size_t i = hash_text(0, who) & (p->nseen - 1);

	for (; p->seen[i] != NULL; i = (i + 1) & (p->nseen - 1))
		if (slice_eq(grant_key(p->seen[i]), who))
			return refuse(p, "the same %s as in line %u",
			    g->by_secret ? "secret" : "id", p->seen[i]->line);
	p->seen[i] = g;
	return true;
}

/* ---- names= ---- */

static bool
add_name(struct parser *p, struct slice item, char *out, size_t *len)
{
	char quoted[LOG_VALUE_MAX], text[HOST_PATTERN_MAX + 1];

	if (item.len == 0)
		return refuse(p, "empty item in names=");
	if (slice_is(item, "*"))
		return refuse(p, "* in names=: a pattern is *.SUFFIX");
	*len = host_normalize_pattern(item, text);
	if (*len == 0)
		return refuse(p, "bad name %s in names=: neither a host name nor *.SUFFIX",
		    log_value(item, quoted));
	memcpy(out, text, *len);
	if (identity_reserved(slice_of(out, *len)))
		return refuse(p, "name %s in names=: names shaped like an id are reserved",
		    log_value(item, quoted));
	return true;
}

static int
compare_names(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int order = memcmp(x->p, y->p, x->len < y->len ? x->len : y->len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static bool
check_twice(struct parser *p, struct slice list, size_t n)
{
	struct slice *names = calloc(n, sizeof(*names));
	char quoted[LOG_VALUE_MAX];
	bool ok = true;

	if (names == NULL)
		return out_of_memory(p);
	for (size_t i = 0; i < n; i++)
		names[i] = grant_next_name(&list);
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n && ok; i++)
		if (slice_eq(names[i - 1], names[i]))
			ok = refuse(p, "name %s given twice in names=",
			    log_value(names[i], quoted));
	free(names);
	return ok;
}

/* room: as many bytes as list has. */
static bool
set_names(struct parser *p, struct slice list, struct grant *g, char *room)
{
	size_t n = 0, at = 0, len = 0;

	if (list.p == NULL)
		return !g->by_secret ||
		    refuse(p, "names= is missing: a secret has no name of its own");
	do {
		if (n++ > 0)
			room[at++] = ',';
		if (!add_name(p, slice_cut(&list, ','), room + at, &len))
			return false;
		at += len;
	} while (list.p != NULL);
	if (!g->by_secret && (n > AUTHFILE_NAMES_MAX || at > AUTHFILE_NAMES_BYTES))
		return refuse(p, "names= longer than %u names or %u bytes", AUTHFILE_NAMES_MAX,
		    AUTHFILE_NAMES_BYTES);
	g->names = slice_of(room, at);
	return n == 1 || check_twice(p, g->names, n);
}

struct slice
grant_next_name(struct slice *rest)
{
	return slice_cut(rest, ',');
}

/* ---- the other options ---- */

static bool
set_number(struct parser *p, const struct fields *f, enum option option, uint32_t max,
    uint32_t *out)
{
	char quoted[LOG_VALUE_MAX];
	uint64_t n;

	if (f->value[option].p == NULL)
		return true;
	if (!num_parse(f->value[option], 1, max, &n))
		return refuse(p, "bad number %s in %s=: not from 1 to %u",
		    log_value(f->value[option], quoted), words[option], max);
	*out = (uint32_t)n;
	return true;
}

static bool
set_from(struct parser *p, struct slice list, struct grant *g, char *room)
{
	char quoted[LOG_VALUE_MAX];
	struct slice bad;

	if (list.p == NULL)
		return true;
	if (!cidr_list_valid(list, &bad))
		return bad.len == 0 ? refuse(p, "empty item in from=") :
				      refuse(p, "bad network %s in from=", log_value(bad, quoted));
	memcpy(room, list.p, list.len);
	g->from = slice_of(room, list.len);
	return true;
}

static bool
is_leap(uint64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint64_t
month_days(uint64_t year, uint64_t month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (uint64_t)(month == 2 && is_leap(year));
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, whatever time zone we run in. */
static int64_t
days_since_1970(uint64_t year, uint64_t month, uint64_t day)
{
	uint64_t before = year - 1, days = before * 365 + before / 4 - before / 100 + before / 400;

	for (uint64_t m = 1; m < month; m++)
		days += month_days(year, m);
	return (int64_t)(days + day - 1) - DAYS_TO_1970;
}

/* YYYY-MM-DD, with exactly that many digits. */
static bool
read_date(struct slice text, int64_t *days)
{
	uint64_t year, month, day;

	if (text.len != strlen("YYYY-MM-DD") || text.p[4] != '-' || text.p[7] != '-')
		return false;
	if (!num_parse(slice_of(text.p, 4), 1, 9999, &year) ||
	    !num_parse(slice_of(text.p + 5, 2), 1, 12, &month) ||
	    !num_parse(slice_of(text.p + 8, 2), 1, month_days(year, month), &day))
		return false;
	*days = days_since_1970(year, month, day);
	return true;
}

/* The day named is the last valid one. */
static bool
set_expires(struct parser *p, struct slice value, struct grant *g)
{
	char quoted[LOG_VALUE_MAX];
	int64_t days;

	if (value.p == NULL)
		return true;
	if (!read_date(value, &days))
		return refuse(p, "bad date %s in expires=: not YYYY-MM-DD",
		    log_value(value, quoted));
	g->expires = (days + 1) * DAY_SECONDS;
	return true;
}

/* ---- lines ---- */

/* False also for a line that has none. */
static bool
take_fields(struct parser *p, struct slice rest, struct fields *f)
{
	struct slice text = slice_cut_field(&rest);

	*f = (struct fields){ 0 };
	if (text.p == NULL || !take_who(p, text, f))
		return false;
	while ((text = slice_cut_field(&rest)).p != NULL)
		if (!take_option(p, text, f))
			return false;
	return true;
}

static bool
fill(struct parser *p, const struct fields *f, struct grant *g)
{
	char *room = (char *)(g + 1);

	set_who(f, g);
	return set_names(p, f->value[OPTION_NAMES], g, room) &&
	    set_number(p, f, OPTION_SESSIONS, AUTHFILE_SESSIONS_MAX, &g->sessions) &&
	    set_number(p, f, OPTION_STREAMS, AUTHFILE_STREAMS_MAX, &g->streams) &&
	    set_from(p, f->value[OPTION_FROM], g, room + f->value[OPTION_NAMES].len) &&
	    set_expires(p, f->value[OPTION_EXPIRES], g) && remember(p, g);
}

static void
parse_line(struct parser *p, struct slice line)
{
	struct fields f;
	struct grant *g;

	if (!check_text(p, line) || !take_fields(p, line, &f))
		return;
	g = malloc(sizeof(*g) + f.value[OPTION_NAMES].len + f.value[OPTION_FROM].len);
	if (g == NULL) {
		out_of_memory(p);
		return;
	}
	*g = (struct grant){ .line = p->line, .sessions = AUTHFILE_SESSIONS,
		.streams = AUTHFILE_STREAMS, .expires = INT64_MAX };
	if (!fill(p, &f, g)) {
		grant_free(g);
		return;
	}
	*p->last = g;
	p->last = &g->next;
}

/* Room for twice as many grants as that many bytes can hold. */
static bool
make_seen(struct parser *p, size_t bytes)
{
	for (p->nseen = 2; p->nseen < 2 * (bytes / IDENTITY_ID_LEN + 1);)
		p->nseen *= 2;
	p->seen = calloc(p->nseen, sizeof(struct grant *));
	return p->seen != NULL || out_of_memory(p);
}

bool
authfile_parse(const char *path, struct slice text, authfile_report *report, void *arg,
    struct grant **out)
{
	struct parser p = { .path = path, .report = report, .arg = arg, .last = &p.first };

	*out = NULL;
	if (make_seen(&p, text.len))
		while (text.len > 0) {
			p.line++;
			parse_line(&p, slice_cut_line(&text));
		}
	free(p.seen);
	if (!p.bad && !p.no_memory) {
		*out = p.first;
		return true;
	}
	grants_free(p.first);
	errno = p.bad ? 0 : ENOMEM;	/* a bad line stays bad, however much memory there is */
	return false;
}

/* ---- grants ---- */

struct slice
grant_key(const struct grant *g)
{
	return g->by_secret ? slice_of((const char *)g->secret, SHA256_SIZE) :
	    slice_of(g->id, IDENTITY_ID_LEN);
}

void
grant_free(struct grant *g)
{
	free(g);
}

void
grants_free(struct grant *list)
{
	struct grant *next;

	for (; list != NULL; list = next) {
		next = list->next;
		grant_free(list);
	}
}
