/* SPDX-License-Identifier: ISC */
/* The command line: what it may say, and what fits together. */
#include <string.h>

#include "log.h"
#include "tunnelc.h"

#define SYNOPSIS                                                                                   \
	"tunnelc -s HOST:PORT... (-k ID... | --known-servers FILE) -i KEYFILE [options] "          \
	"[KIND[:NAME]=TARGET...] [proxy=v1|v2] [-- PROGRAM ARGS]"                                  \
	OPTS_OR "tunnelc -s HOST:PORT... --secret-file FILE [options] "                            \
	"[KIND=TARGET...] [proxy=v1|v2] [-- PROGRAM ARGS]"                                         \
	OPTS_OR "tunnelc --new-key FILE"                                                           \
	OPTS_OR "tunnelc -i KEYFILE --id"                                                          \
	OPTS_OR "tunnelc -i KEYFILE --ready"

void
options_parse(struct options *o, int argc, char **argv)
{
	const struct opt table[] = {
		{ 's', "server", "HOST:PORT", OPT_LIST, &o->servers, 0, 0,
		    "the server, or unix:/PATH (repeatable)" },
		{ 'k', "server-key", "ID", OPT_LIST, &o->pins, 0, 0,
		    "the id its key must have (repeatable: one of them)" },
		{ 0, "known-servers", "FILE", OPT_FILE, &o->known_servers, 0, 0,
		    "the ids of servers, in lines HOST:PORT ID" },
		{ 'i', "identity", "KEYFILE", OPT_FILE, &o->identity, 0, 0, "our private key" },
		{ 0, "secret-file", "FILE", OPT_FILE, &o->secret_file, 0, 0,
		    "speak tcprouter's protocol with the secret in FILE, unencrypted" },
		{ 'x', "proxy", "URL", OPT_TEXT, &o->proxy, 0, 0,
		    "reach servers through the proxy http://HOST:PORT" },
		{ 0, "new-key", "FILE", OPT_FILE, &o->new_key, 0, 0,
		    "make a key in a new FILE, print its id, and exit" },
		{ 0, "id", NULL, OPT_FLAG, &o->id, 0, 0, "print the id of the key and exit" },
		{ 0, "ready", NULL, OPT_FLAG, &o->ready, 0, 0,
		    "exit 0 if the tunnelc that runs with this key is ready" },
		OPTS_CHECK(*o),
		{ 'n', "notify-fd", "FD", OPT_FD, &o->notify_fd, 0, 0,
		    "write an empty line to FD when ready" },
		{ 'g', "grace", "SECONDS", OPT_SECONDS, &o->grace_ms, 0, OPTS_MS_MAX,
		    "on TERM give visitors SECONDS to finish (30)" },
		{ 'm', "metrics", "ADDR", OPT_TEXT, &o->metrics, 0, 0, "serve /metrics on ADDR" },
		{ 0, "connect-timeout", "SECONDS", OPT_SECONDS, &o->connect_ms, 0, OPTS_MS_MAX,
		    "for each attempt to reach a local target (5)" },
		{ 0, "idle-timeout", "SECONDS", OPT_SECONDS, &o->idle_ms, 0, OPTS_MS_MAX,
		    "for a visitor without a byte in either direction (600)" },
		{ 0, "half-close-timeout", "SECONDS", OPT_SECONDS, &o->half_close_ms, 0,
		    OPTS_MS_MAX, "the same once one side has ended (60)" },
		{ 0, "hello-timeout", "SECONDS", OPT_SECONDS, &o->hello_ms, 0, OPTS_MS_MAX,
		    "for the header a visitor's stream begins with (5)" },
		OPTS_LAST(*o),
	};

	opts_parse_words(argc, argv, SYNOPSIS, table, sizeof(table) / sizeof(table[0]), &o->words,
	    &o->program);
}

bool
options_errand(const struct options *o)
{
	return o->new_key != NULL || o->id || o->ready;
}

static void
check_errand(const struct options *o)
{
	if ((o->new_key != NULL) + o->id + o->ready + o->check > 1)
		diex(EXIT_USAGE, "--new-key, --id, --ready and -c exclude each other");
	if (o->servers.n > 0 || *o->words != NULL || o->program != NULL)
		diex(EXIT_USAGE,
		    "--new-key, --id and --ready take neither a server nor anything to serve");
	if (o->new_key == NULL && o->identity == NULL)
		diex(EXIT_USAGE, "no key: give -i KEYFILE");
	if (o->new_key != NULL && o->identity != NULL)
		diex(EXIT_USAGE, "--new-key names the file itself: no -i");
}

static bool
is_repeated(const struct opt_list *list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(list->item[k], list->item[i]) == 0)
			return true;
	return false;
}

/* Here and below every bad value is reported, so that -c shows them all. */
static bool
check_servers(const struct opt_list *servers)
{
	bool good = true;
	struct addr a;

	for (size_t i = 0; i < servers->n; i++) {
		enum addr_result r = addr_parse(slice_str(servers->item[i]), 0, &a);

		if (r != ADDR_OK)
			log_error("-s %s: %s", servers->item[i], addr_why(r, 0));
		else if (is_repeated(servers, i))
			log_error("-s %s is given twice", servers->item[i]);
		else
			continue;
		good = false;
	}
	return good;
}

static void
check_trust(const struct options *o)
{
	if (o->secret_file != NULL && (o->pins.n > 0 || o->known_servers != NULL))
		diex(EXIT_USAGE, "--secret-file speaks a protocol without server keys: "
		    "no -k and no --known-servers");
	if (o->secret_file != NULL)
		return;
	if (o->identity == NULL)
		diex(EXIT_USAGE, "no key: give -i KEYFILE (--new-key FILE makes one)");
	if (o->pins.n == 0 && o->known_servers == NULL)
		diex(EXIT_USAGE,
		    "which key should the server have? give -k ID or --known-servers FILE");
}

/* The ancestors' visitors come without a name: no word with one would ever fit. */
static bool
check_nameless(const struct words *words)
{
	bool good = true;

	for (size_t i = 0; i < words->n; i++) {
		if (words->word[i].name[0] == '\0')
			continue;
		log_error("%s:%s: with --secret-file visitors bring no name, "
		    "so words must not have one",
		    kind_word(words->word[i].kind), words->word[i].name);
		good = false;
	}
	return good;
}

/* A bad word is reported and left out, so that what is wrong with later ones is reported too. */
static bool
check_words(char *const *argv, struct words *words)
{
	char *kept[WORDS_MAX + 3] = { NULL };	/* one proxy=, the word looked at, NULL */
	char why[WORDS_WHY_MAX];
	bool good = true;

	for (size_t n = 0; *argv != NULL; argv++) {
		kept[n] = *argv;
		if (words_parse(kept, words, why)) {
			n++;
			continue;
		}
		log_error("%s", why);
		kept[n] = NULL;
		good = false;
	}
	return good;
}

static bool
check_proxy(const char *proxy)
{
	const char *wrong = proxy == NULL ? NULL : reach_check_proxy(proxy);

	if (wrong != NULL)
		log_error("-x: %s", wrong);	/* not its value: it may hold a password */
	return wrong == NULL;
}

bool
options_check(const struct options *o, struct words *words)
{
	bool good;

	if (options_errand(o)) {
		check_errand(o);
		return true;
	}
	if (o->servers.n == 0)
		diex(EXIT_USAGE, "no server: give -s HOST:PORT; -h shows the usage");
	check_trust(o);
	good = check_servers(&o->servers);
	good &= check_proxy(o->proxy);
	good &= opts_check_listen("--metrics", o->metrics);
	good &= check_words(o->words, words);
	if (o->secret_file != NULL)
		good &= check_nameless(words);
	if (good && words->n == 0 && o->program == NULL)
		diex(EXIT_USAGE,
		    "nothing to serve: give KIND[:NAME]=TARGET or -- PROGRAM; -h shows the usage");
	return good;
}
