/* SPDX-License-Identifier: ISC */
/* Options as data: the same table parses the command line and prints the usage text. */
#include "opts.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "file.h"
#include "log.h"
#include "num.h"
#include "replace.h"

/* getopt's value of option i: LONG_ONLY + i. Beyond any letter: to musl it is a wide character. */
#define LONG_ONLY 0x110000
#define WORD 1		/* getopt's value of a word, when words are reported in place */

static void
append(struct opt_list *list, char *value)
{
	list->item = realloc(list->item, (list->n + 1) * sizeof(*list->item));
	if (list->item == NULL)
		die(EXIT_TEMP, "command line");
	list->item[list->n++] = value;
}

/* The last one counts, so that wrappers can override; but what that drops may have been meant. */
static void
set_text(const struct opt *o, const char *value, unsigned before)
{
	const char **out = o->out;

	if (before > 0 && strcmp(*out, value) != 0)
		log_warn("--%s is given twice, the last one counts", o->name);
	*out = value;
}

/* "" stands for no value; nothing is added to that. */
static void
add_text(const struct opt *o, const char *value, unsigned before)
{
	const char **out = o->out, *old = *out;
	char *all;

	if (before == 0 || (value[0] == '\0' && old[0] == '\0')) {
		*out = value;
		return;
	}
	if (value[0] == '\0' || old[0] == '\0')
		diex(EXIT_USAGE, "--%s is given with and without a value", o->name);
	if (asprintf(&all, "%s,%s", old, value) == -1)
		die(EXIT_TEMP, "command line");
	if (before > 1)
		free((void *)(uintptr_t)old);
	*out = all;
}

/* before: how often it was given already */
static void
set(const struct opt *o, char *value, unsigned before)
{
	if ((o->kind == OPT_FILE || o->kind == OPT_LIST) && value[0] == '\0')
		diex(EXIT_USAGE, "--%s: empty", o->name);
	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)o->out = true;
		return;
	case OPT_TEXT:
	case OPT_FILE:
		set_text(o, value, before);
		return;
	case OPT_MAYBE:
		if (value != NULL && value[0] == '\0')
			diex(EXIT_USAGE, "--%s= without a value; omit the '='", o->name);
		add_text(o, value == NULL ? "" : value, before);
		return;
	case OPT_COMMAS:
		add_text(o, value, before);
		return;
	case OPT_LIST:
		append(o->out, value);
		return;
	case OPT_NUMBER:
		if (!num_parse(slice_str(value), o->min, o->max, o->out))
			diex(EXIT_USAGE, "--%s %s: not a number from %" PRIu64 " to %" PRIu64,
			    o->name, value, o->min, o->max);
		return;
	case OPT_FD:
		if (!num_parse(slice_str(value), 0, INT_MAX, o->out) ||
		    fcntl((int)*(uint64_t *)o->out, F_GETFD) == -1)
			diex(EXIT_USAGE, "--%s %s: not an open descriptor", o->name, value);
		return;
	case OPT_SECONDS:
		if (!num_seconds(slice_str(value), o->max, o->out))
			diex(EXIT_USAGE, "--%s %s: not a number of seconds from 0 to %" PRIu64
			    " with at most three decimals", o->name, value, o->max / 1000);
		return;
	case OPT_HELP:		/* parse()'s */
	case OPT_VERSION:
		return;
	}
}

static void
usage(const char *synopsis, const struct opt *table, size_t n)
{
	char left[64];

	printf("usage: %s\n\n", synopsis);
	for (size_t i = 0; i < n; i++) {
		const struct opt *o = &table[i];
		int len = 0;

		if (o->letter != 0)
			len = snprintf(left, sizeof(left), "-%c, ", o->letter);
		snprintf(left + len, sizeof(left) - (size_t)len, "--%s%s%s%s", o->name,
		    o->arg == NULL ? "" : o->kind == OPT_MAYBE ? "[=" : " ",
		    o->arg == NULL ? "" : o->arg, o->kind == OPT_MAYBE ? "]" : "");
		printf("  %-34s %s\n", left, o->help);
	}
	log_stdout_done();
	exit(0);
}

static void
version(const char *synopsis)
{
	printf("%.*s %s\n", (int)strcspn(synopsis, " "), synopsis, VERSION);
	log_stdout_done();
	exit(0);
}

static int
arg_rule(enum opt_kind kind)
{
	switch (kind) {
	case OPT_FLAG:
	case OPT_HELP:
	case OPT_VERSION:
		return no_argument;
	case OPT_MAYBE:
		return optional_argument;
	case OPT_TEXT:
	case OPT_FILE:
	case OPT_LIST:
	case OPT_COMMAS:
	case OPT_NUMBER:
	case OPT_FD:
	case OPT_SECONDS:
		break;
	}
	return required_argument;
}

/*
 * The two forms getopt_long() wants: ":" first, so that it returns what is wrong
 * instead of printing it. "-" before it has words reported in place, so that "--" can
 * be told from them at the end.
 */
static void
build(const struct opt *table, size_t n, bool words, char *letters, struct option *longs)
{
	if (words)
		*letters++ = '-';
	*letters++ = ':';
	for (size_t i = 0; i < n; i++) {
		longs[i] = (struct option){ table[i].name, arg_rule(table[i].kind), NULL,
		    LONG_ONLY + (int)i };
		if (table[i].letter == 0)
			continue;
		*letters++ = table[i].letter;
		if (longs[i].has_arg == required_argument)
			*letters++ = ':';
	}
	*letters = '\0';
}

static const struct opt *
by_value(const struct opt *table, size_t n, int value)
{
	if (value >= LONG_ONLY)
		return &table[value - LONG_ONLY];
	for (size_t i = 0; i < n; i++)
		if (table[i].letter == value)
			return &table[i];
	return NULL;
}

/*
 * What getopt_long() rejected: a letter (or a byte of one, as a char), or the long option it
 * has just passed. Never print the value: it may be a secret that a correctly spelled option
 * would have read from a file.
 */
static void
refuse_option(char **argv, const char *before, const char *after)
{
	if (optopt != 0 && optopt < LONG_ONLY)
		diex(EXIT_USAGE, "%s-%c%s; -h lists the options", before, optopt, after);
	diex(EXIT_USAGE, "%s%.*s%s; -h lists the options", before,
	    (int)strcspn(argv[optind - 1], "="), argv[optind - 1], after);
}

/* getopt_long() takes a beginning for the whole; once there are more options it may not be. */
static void
refuse_part(char **argv, const struct opt *o)
{
	const char *word = argv[optind - 1];
	size_t len;

	if (optarg != NULL && optarg == word)	/* the value, a word of its own */
		word = argv[optind - 2];
	len = strcspn(word, "=");
	if (len != strlen("--") + strlen(o->name))
		diex(EXIT_USAGE, "unknown option %.*s (--%s?); -h lists the options", (int)len,
		    word, o->name);
}

/* The option that getopt_long() has returned; what it has rejected is refused. */
static const struct opt *
found(char **argv, const struct opt *table, size_t n, int value)
{
	bool rejected = value == ':' || value == '?';
	int which = rejected ? optopt : value;
	const struct opt *o = by_value(table, n, which);

	if (which >= LONG_ONLY)
		refuse_part(argv, o);
	if (value == ':')
		refuse_option(argv, "", " needs a value");
	if (rejected && which >= LONG_ONLY)
		refuse_option(argv, "", " takes no value");
	if (rejected)
		refuse_option(argv, "unknown option ", "");
	return o;
}

/* getopt_long(), but a lone "-" is a word like others: where they are reported, musl ends there. */
static int
next(int argc, char **argv, const char *letters, const struct option *longs)
{
	int at = optind, value = getopt_long(argc, argv, letters, longs, NULL);

	if (value != -1 || letters[0] != '-' || optind != at || at == argc)
		return value;
	optarg = argv[optind++];
	return WORD;
}

/*
 * Leaves optind at the first word that is not an option; getopt_long() moves those after the
 * options. With words they are gathered there, and optind is left after "--".
 */
static void
parse(int argc, char **argv, const char *synopsis, const struct opt *table, size_t n,
    struct opt_list *words)
{
	static char *letters;		/* static: usage and refusals exit from here */
	static struct option *longs;
	static unsigned *given;		/* how often, by row of the table */
	const struct opt *o;
	int value;

	letters = calloc(n * 2 + 3, 1);
	longs = calloc(n + 1, sizeof(*longs));
	given = calloc(n, sizeof(*given));
	if (letters == NULL || longs == NULL || given == NULL)
		die(EXIT_TEMP, "command line");
	build(table, n, words != NULL, letters, longs);
	while ((value = next(argc, argv, letters, longs)) != -1) {
		if (value == WORD) {
			append(words, optarg);
			continue;
		}
		o = found(argv, table, n, value);
		if (o->kind == OPT_HELP)
			usage(synopsis, table, n);
		if (o->kind == OPT_VERSION)
			version(synopsis);
		set(o, optarg, given[o - table]++);
	}
	free(given);
	free(letters);
	free(longs);
}

void
opts_parse(int argc, char **argv, const char *synopsis, const struct opt *table, size_t n)
{
	parse(argc, argv, synopsis, table, n, NULL);
	if (optind < argc)
		diex(EXIT_USAGE, "unexpected word \"%s\"; -h shows the usage", argv[optind]);
}

void
opts_parse_words(int argc, char **argv, const char *synopsis, const struct opt *table, size_t n,
    char ***words, char ***program)
{
	struct opt_list list = { 0 };

	parse(argc, argv, synopsis, table, n, &list);
	append(&list, NULL);
	*words = list.item;
	*program = optind < argc ? argv + optind : NULL;
}

/* ---- checks of values ---- */

bool
opts_check_cidrs(const char *option, const char *list)
{
	struct slice bad;

	return list == NULL || cidr_list_valid(slice_str(list), &bad) ||
	    log_wrong(false, "%s: \"" SLICE_FMT "\" is not an address or CIDR",
	    option, SLICE_ARG(bad));
}

bool
opts_check_listen(const char *option, const char *addr)
{
	struct addr a;
	enum addr_result r = addr == NULL ? ADDR_OK : addr_parse(slice_str(addr), ADDR_LISTEN, &a);

	return r == ADDR_OK ||
	    log_wrong(false, "%s %s: %s", option, addr, addr_why(r, ADDR_LISTEN));
}

static bool
differ(const struct opt_file *a, const struct opt_file *b)
{
	return a->path == NULL || b->path == NULL || !file_same(a->path, b->path) ||
	    log_wrong(false, "%s %s and %s %s are the same file", a->option, a->path,
		b->option, b->path);
}

bool
opts_check_differ(const struct opt_file *file, size_t n)
{
	bool good = true;

	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			good &= differ(&file[i], &file[k]);
	return good;
}

bool
opts_check_replaceable(const char *option, const char *path)
{
	return path == NULL || replace_is_possible(path) ||
	    log_wrong(false, "%s %s cannot be replaced: its folder %s", option, path,
		errno == ENOENT ? "does not exist" : "is not writable");
}
