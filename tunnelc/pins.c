/* SPDX-License-Identifier: ISC */
/* Which key a server must have: -k, or a line of --known-servers. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "addr.h"
#include "log.h"
#include "tunnelc.h"

#define KNOWN_MAX (1024u * 1024u)	/* bytes of the file */

/* What a file says about one server. */
struct known {
	bool listed;		/* it has a line */
	bool fits;		/* one of its lines has the id asked about */
	struct slice pin;	/* of its last line */
	unsigned bad;		/* its first malformed line: then nothing counts; 0: none */
	const char *wrong;	/* what is wrong with that one */
};

/* NULL, or what is wrong with a line of two fields. */
static const char *
check_fields(struct slice server, struct slice id, struct slice more)
{
	struct addr a;
	enum addr_result r = addr_parse(server, 0, &a);

	if (r != ADDR_OK)
		return addr_why(r, 0);
	if (!identity_id_valid(id))
		return "no id behind HOST:PORT: 52 characters a-z and 2-7";
	return more.p != NULL ? "more than HOST:PORT ID" : NULL;
}

static bool
same_server(struct slice listed, const char *server)
{
	return listed.len == strlen(server) && strncasecmp(listed.p, server, listed.len) == 0;
}

/* "FILE:LINE: reason"; line 0: about no line of it. */
static void
tell(pins_report *report, unsigned line, const char *reason)
{
	char text[PATH_MAX + IDENTITY_WHY_MAX + 16], at[16] = "";

	if (line != 0)
		snprintf(at, sizeof(at), ":%u", line);
	snprintf(text, sizeof(text), "%s%s: %s", the->opts->known_servers, at, reason);
	report(NULL, text);
}

/* Read all lines; report, unless NULL, is told of the bad ones. */
static struct known
look_up(struct slice text, const char *server, const char *id, pins_report *report)
{
	struct known k = { 0 };

	for (unsigned n = 1; text.p != NULL; n++) {
		struct slice line = slice_cut_line(&text), listed = slice_cut_field(&line);
		struct slice pin = slice_cut_field(&line), more = slice_cut_field(&line);
		const char *wrong = listed.p == NULL ? NULL : check_fields(listed, pin, more);

		if (wrong != NULL) {
			if (report != NULL)
				tell(report, n, wrong);
			if (k.bad == 0) {
				k.bad = n;
				k.wrong = wrong;
			}
		} else if (listed.p != NULL && same_server(listed, server)) {
			k.listed = true;
			k.fits |= slice_is(pin, id);
			k.pin = pin;
		}
	}
	return k;
}

static bool
known_ok(const char *server, const char *id, char why[static IDENTITY_WHY_MAX])
{
	const char *path = the->opts->known_servers;
	char reason[IDENTITY_WHY_MAX];
	struct known k;
	size_t len;
	char *text = file_read(path, KNOWN_MAX, false, &len, reason);

	if (text == NULL) {
		snprintf(why, IDENTITY_WHY_MAX, "%.120s: %.120s", path, reason);
		return false;
	}
	k = look_up(slice_of(text, len), server, id, NULL);
	if (k.bad != 0)
		snprintf(why, IDENTITY_WHY_MAX, "%.120s:%u: %s", path, k.bad, k.wrong);
	else if (!k.listed)
		snprintf(why, IDENTITY_WHY_MAX, "%.120s has no line for the server", path);
	else if (!k.fits)
		snprintf(why, IDENTITY_WHY_MAX, "%.120s says " SLICE_FMT, path, SLICE_ARG(k.pin));
	free(text);
	return k.bad == 0 && k.fits;
}

bool
pin_ok(const char *server, const char *id, char why[static IDENTITY_WHY_MAX])
{
	const struct opt_list *pins = &the->opts->pins;

	for (size_t i = 0; i < pins->n; i++)
		if (strcmp(pins->item[i], id) == 0)
			return true;
	if (the->opts->known_servers != NULL)
		return known_ok(server, id, why);
	snprintf(why, IDENTITY_WHY_MAX, "-k says %s%s", pins->item[0],
	    pins->n > 1 ? " or another" : "");
	return false;
}

/* ---- before anything is done ---- */

static int
check_pins(const struct opt_list *pins)
{
	int code = 0;

	for (size_t i = 0; i < pins->n; i++)
		if (!identity_id_valid(slice_str(pins->item[i])))
			code = log_wrong(EXIT_USAGE, "-k %s: no id: 52 characters a-z and 2-7, "
			    "as --id prints them", pins->item[i]);
	return code;
}

static int
check_known(const struct options *o, pins_report *report)
{
	char why[IDENTITY_WHY_MAX], text[PATH_MAX + IDENTITY_WHY_MAX];
	struct known k;
	bool missing;
	int code = 0;
	size_t len;
	char *file = file_read(o->known_servers, KNOWN_MAX, false, &len, why);

	if (file == NULL) {
		code = exit_for_file(o->check);
		snprintf(text, sizeof(text), "--known-servers %s: %s", o->known_servers, why);
		report(NULL, text);
		return code;
	}
	for (size_t i = 0; i < o->servers.n; i++) {
		k = look_up(slice_of(file, len), o->servers.item[i], "", i == 0 ? report : NULL);
		missing = !k.listed && o->pins.n == 0;
		if (k.bad == 0 && missing) {
			snprintf(why, sizeof(why), "no line for %.200s", o->servers.item[i]);
			tell(report, 0, why);
		}
		if (k.bad != 0 || missing)
			code = EXIT_USAGE;
	}
	free(file);
	return code;
}

int
pins_check(const struct options *o, pins_report *report)
{
	int code = check_pins(&o->pins);
	int known = o->known_servers == NULL ? 0 : check_known(o, report);

	return code != 0 ? code : known;
}
