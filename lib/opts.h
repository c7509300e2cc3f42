/* SPDX-License-Identifier: ISC */
/* Command lines: a table of options, read by getopt_long(3), printed as usage. */
#ifndef OPTS_H
#define OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_kind {
	OPT_FLAG,	/* bool: true when given */
	OPT_TEXT,	/* const char *: the last one given; a warning if another was before */
	OPT_FILE,	/* the same, not empty: the name of a file or folder */
	OPT_LIST,	/* struct opt_list: every one given, in order; none is empty */
	OPT_COMMAS,	/* const char *: every one given, joined by commas; what is joined is
			   owned, never freed */
	OPT_MAYBE,	/* the same, "" when without a value (--name[=VALUE]; empty: refused) */
	OPT_NUMBER,	/* uint64_t from min to max */
	OPT_FD,		/* uint64_t, a descriptor that must be open */
	OPT_SECONDS,	/* uint64_t milliseconds, given in seconds with decimals; at most max ms */
	OPT_HELP,	/* prints the usage (synopsis and the table) and exits 0 */
	OPT_VERSION	/* prints "TOOL VERSION" and exits 0 */
};

#define OPTS_MS_MAX 4000000000000u	/* of OPT_SECONDS that need no limit: for ever */

struct opt_list {
	char **item;	/* borrowed from argv; the array is owned, never freed */
	size_t n;
};

/* One option. letter 0: long form only. Of numbers and flags the last one given counts. */
struct opt {
	char letter;
	const char *name;
	const char *arg;	/* what the value is called in usage text, NULL for flags */
	enum opt_kind kind;
	void *out;		/* NULL for OPT_HELP and OPT_VERSION */
	uint64_t min, max;
	const char *help;
};

/* The rows all tools share: o is a struct with the bool members check, log_time and verbose. */
#define OPTS_CHECK(o)                                                                              \
	{ 'c', "check", NULL, OPT_FLAG, &(o).check, 0, 0,                                          \
	    "check options and files, print every error, and exit" }
#define OPTS_LAST(o)                                                                               \
	{ 0, "log-time", NULL, OPT_FLAG, &(o).log_time, 0, 0,                                      \
	    "begin log lines with the time (UTC)" },                                               \
	{ 'v', "verbose", NULL, OPT_FLAG, &(o).verbose, 0, 0, "log debug lines too" },             \
	{ 'h', "help", NULL, OPT_HELP, NULL, 0, 0, "print this and exit" },                        \
	{ 'V', "version", NULL, OPT_VERSION, NULL, 0, 0, "print the version and exit" }

/* Separates the lines of a synopsis with several: each is one way to start the tool. */
#define OPTS_OR "\n       "

/*
 * Parse argv by the n options of table. Any error (an unknown option, a bad value, a leftover word)
 * is logged and exits 100; help or version that can't be written exits 111.
 */
void opts_parse(int argc, char **argv, const char *synopsis, const struct opt *table, size_t n);

/*
 * The same for a tool that takes any number of words, between its options or after them, and a
 * program after "--": *words is NULL-terminated (its texts are borrowed from argv; the array is
 * owned, never freed), *program is what follows the first "--" that is not an option's value, in
 * argv itself, NULL when nothing does.
 */
void opts_parse_words(int argc, char **argv, const char *synopsis, const struct opt *table,
    size_t n, char ***words, char ***program);

/*
 * Whether the value of an option (NULL: it was not given) is a list of addresses and CIDRs; an
 * address to listen on. If not, that is logged.
 */
bool opts_check_cidrs(const char *option, const char *list);
bool opts_check_listen(const char *option, const char *addr);

/* A file that an option names; path NULL: it was not given. */
struct opt_file {
	const char *option, *path;
};

/*
 * Whether these are different files; whether one can be replaced, as far as its folder tells.
 * If not, that is logged.
 */
bool opts_check_differ(const struct opt_file *file, size_t n);
bool opts_check_replaceable(const char *option, const char *path);

#endif
