/* SPDX-License-Identifier: ISC */
/* The command line: what it may say, and what fits together. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "opts.h"
#include "output.h"
#include "password.h"
#include "redis_tls.h"
#include "routesync.h"

#define SYNOPSIS                                                                                   \
	"routesync [-o FILE] [options] SOURCE"                                                     \
	OPTS_OR "routesync [-o FILE] [options] - <JSON"                                            \
	OPTS_OR "routesync --put FILE [options] SOURCE"                                            \
	OPTS_OR "routesync --publish FILE [--ttl SECONDS] [options] SOURCE"
#define PREFIX_MAX 256u		/* bytes */
#define VISITORS_MAX 100u	/* bytes: a path of a unix socket */

/*
 * One word, before or after "--". A second one is not shown: it may be a URL with a password in it.
 */
static const char *
one_word(char **words, char **program)
{
	const char *word = NULL;

	for (unsigned n = 0; *words != NULL || (program != NULL && *program != NULL); n++) {
		if (n > 0)
			diex(EXIT_USAGE, "more than one SOURCE; -h shows the usage");
		word = *words != NULL ? *words++ : *program++;
	}
	return word;
}

void
options_parse(struct options *o, int argc, char **argv)
{
	const struct opt table[] = {
		{ 'o', "output", "FILE", OPT_FILE, &o->output, 0, 0,
		    "the routes file to keep (standard output, once)" },
		{ 'i', "interval", "SECONDS", OPT_SECONDS, &o->interval_ms, 0, OPTS_MS_MAX,
		    "read the whole store every SECONDS (5)" },
		{ 0, "once", NULL, OPT_FLAG, &o->once, 0, 0, "write the file once, then exit" },
		{ 0, "password-file", "FILE", OPT_FILE, &o->password_file, 0, 0,
		    "read the store's password from the first line of FILE" },
		{ 0, "prefix", "PREFIX", OPT_TEXT, &o->prefix, 0, 0,
		    "read and write keys that begin with PREFIX (/tcprouter/)" },
		{ 0, "visitors", "PATH", OPT_FILE, &o->visitors, 0, 0,
		    "tunneld's socket, for records with a secret (/run/tunneld/visitors)" },
		{ 0, "secrets", "FILE", OPT_FILE, &o->secrets, 0, 0,
		    "write tunneld's authorizations, with hashes of the secrets, to FILE" },
		{ 0, "max-shrink", "PERCENT", OPT_NUMBER, &o->max_shrink, 0, 100,
		    "wait for USR1 before dropping more than PERCENT of 20 or more routes (50)" },
		{ 0, "put", "FILE", OPT_FILE, &o->put, 0, 0,
		    "write the routes of FILE into the store and exit" },
		{ 0, "publish", "FILE", OPT_FILE, &o->publish, 0, 0,
		    "keep the routes of FILE in the store while running" },
		{ 0, "ttl", "SECONDS", OPT_SECONDS, &o->ttl_ms, 0, OPTS_MS_MAX,
		    "published routes expire SECONDS after their last renewal (60)" },
		OPTS_CHECK(*o),
		{ 'n', "notify-fd", "FD", OPT_FD, &o->notify_fd, 0, 0,
		    "write an empty line to FD when ready" },
		{ 'm', "metrics", "ADDR", OPT_TEXT, &o->metrics, 0, 0, "serve /metrics on ADDR" },
		OPTS_LAST(*o),
	};

	char **words, **program;

	opts_parse_words(argc, argv, SYNOPSIS, table, sizeof(table) / sizeof(table[0]), &words,
	    &program);
	o->source_text = one_word(words, program);
	free(words);
}

static int
check_source(struct options *o)
{
	const char *why;

	if (o->source_text == NULL)
		return log_wrong(EXIT_USAGE, "no SOURCE: give redis://HOST, or - for JSON on "
		    "standard input; -h shows the usage");
	if (!source_parse(slice_str(o->source_text), &o->source, &why))
		return log_wrong(EXIT_USAGE, "SOURCE: %s", why);
	if (o->source.kind == SOURCE_TLS && !redis_tls_built_in())
		return log_wrong(EXIT_USAGE, "SOURCE: rediss:// needs hiredis 1.0 or later "
		    "with hiredis_ssl, which this program was built without");
	return 0;
}

static int
check_modes(const struct options *o)
{
	bool from_file = o->put != NULL || o->publish != NULL;

	if (o->put != NULL && o->publish != NULL)
		return log_wrong(EXIT_USAGE, "--put and --publish cannot be used together");
	if (from_file && (o->output != NULL || o->secrets != NULL))
		return log_wrong(EXIT_USAGE,
		    "-o and --secrets cannot be used with --put or --publish, "
		    "which write into the store");
	if (from_file && o->source_text != NULL && strcmp(o->source_text, "-") == 0)
		return log_wrong(EXIT_USAGE, "--put and --publish need a store, not -");
	if (o->publish != NULL && (o->once || o->ttl_ms < 1000))
		return log_wrong(EXIT_USAGE,
		    "--publish keeps running and needs a --ttl of 1 or more; "
		    "use --put to write once");
	return 0;
}

/* The path becomes part of a routes line, as pass:PATH and unix:PATH. */
static int
check_visitors(const char *path)
{
	struct addr a;
	char text[VISITORS_MAX + sizeof("pass:")];

	if (strlen(path) > VISITORS_MAX || strpbrk(path, " \t\r\n,#") != NULL)
		return log_wrong(EXIT_USAGE,
		    "--visitors: longer than %u bytes, or contains a blank, ',' or '#'",
		    VISITORS_MAX);
	snprintf(text, sizeof(text), "pass:%s", path);
	if (addr_parse(slice_str(text), ADDR_ALLOW_PASS, &a) != ADDR_OK)
		return log_wrong(EXIT_USAGE, "--visitors %s: not an absolute path", path);
	return 0;
}

static int
check_prefix(const char *prefix)
{
	if (strlen(prefix) > PREFIX_MAX || prefix[strspn(prefix, "/")] == '\0')
		return log_wrong(EXIT_USAGE, "--prefix: empty, or longer than %u bytes",
		    PREFIX_MAX);
	return 0;
}

static int
check_password_file(const char *path)
{
	char password[PASSWORD_MAX + 1], why[FILE_WHY_MAX];

	if (path == NULL)
		return 0;
	if (!password_read(path, password, why))
		return log_wrong(exit_for_file(false), "--password-file %s: %s", path, why);
	explicit_bzero(password, sizeof(password));
	return 0;
}

/* The file to be replaced must be a plain file; a symbolic link is followed. NULL stays NULL. */
static int
check_output(const struct options *o, const char *option, const char **path)
{
	char why[FILE_WHY_MAX];
	struct stat st;
	char *real;

	if (*path == NULL)
		return 0;
	if ((*path)[strlen(*path) - 1] == '/')
		return log_wrong(EXIT_USAGE, "\"%s\" is not the name of a file", *path);
	if (lstat(*path, &st) == 0 && S_ISLNK(st.st_mode)) {
		real = realpath(*path, NULL);	/* never freed */
		if (real == NULL)
			return log_wrong(EXIT_USAGE, "%s is a broken symbolic link: %s", *path,
			    strerror(errno));
		*path = real;
	}
	if (stat(*path, &st) == 0 && !S_ISREG(st.st_mode))
		return log_wrong(EXIT_USAGE, "%s is not a plain file", *path);
	if (o->check && !output_is_readable(*path, why))
		return log_wrong(EXIT_TEMP, "%s cannot be read: %s", *path, why);
	return !o->check || opts_check_replaceable(option, *path) ? 0 : EXIT_TEMP;
}

static bool
check_files_differ(const struct options *o)
{
	const struct opt_file file[] = { { "-o", o->output }, { "--secrets", o->secrets },
		{ "--password-file", o->password_file } };

	return opts_check_differ(file, sizeof(file) / sizeof(file[0]));
}

int
options_check(struct options *o)
{
	int code = check_source(o);

	code = exit_worse(code, check_modes(o));
	code = exit_worse(code, check_visitors(o->visitors));
	code = exit_worse(code, check_prefix(o->prefix));
	code = exit_worse(code, opts_check_listen("--metrics", o->metrics) ? 0 : EXIT_USAGE);
	code = exit_worse(code, check_password_file(o->password_file));
	code = exit_worse(code, check_output(o, "-o", &o->output));
	code = exit_worse(code, check_output(o, "--secrets", &o->secrets));
	code = exit_worse(code, check_files_differ(o) ? 0 : EXIT_USAGE);
	if (o->output == NULL || o->source.kind == SOURCE_STDIN)
		o->once = o->publish == NULL;
	return code;
}
