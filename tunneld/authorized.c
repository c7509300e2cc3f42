/* SPDX-License-Identifier: ISC */
/*
 * The authorization file on disk: read in a thread, watched from the loop; what expires is ended.
 */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "file.h"
#include "job.h"
#include "log.h"
#include "stamp.h"
#include "tunneld.h"

#define LOOK_MS 250u
#define TEXT_MAX (64u * 1024u * 1024u)
#define REFUSED (-1)		/* besides errnos: it was read, and has bad lines */

static struct {
	struct stamp_watch watch;
	int trouble;			/* why the old version is kept: 0, an errno or REFUSED */
	int no_thread;			/* why there was no thread to read with: 0, or an errno */
	bool again;			/* asked for while a read is under way */
	struct ev_timer look;
	struct job job;

	uint64_t seed;

	/* the job's while it is busy */
	struct stamp stamp;
	struct roster *roster;		/* owned */
	int result;
} file;

/* ---- reading ---- */

/* 0, an errno, or REFUSED, and then what is wrong with it is reported. */
static int
read_grants(const char *path, authfile_report *report, void *arg, struct grant **out)
{
	char why[FILE_WHY_MAX], reason[PATH_MAX + FILE_WHY_MAX], *text;
	size_t len;
	int result;
	bool ok;

	*out = NULL;
	text = file_read(path, TEXT_MAX, false, &len, why);
	if (text == NULL && errno == 0 && report != NULL) {
		snprintf(reason, sizeof(reason), "%s: %s", path, why);
		report(arg, reason);
	}
	if (text == NULL)
		return errno == 0 ? REFUSED : errno;
	ok = authfile_parse(path, slice_of(text, len), report, arg, out);
	result = ok ? 0 : errno == 0 ? REFUSED : errno;
	free(text);
	return result;
}

int
authorized_load(const char *path, authfile_report *report, void *arg, struct grant **out)
{
	char reason[PATH_MAX + 256];
	int result;

	file.watch.seen = stamp_of(path);
	result = read_grants(path, report, arg, out);
	if (result == 0 || result == REFUSED)
		return result == 0 ? 0 : EXIT_USAGE;
	snprintf(reason, sizeof(reason), "%s: %s", path, strerror(result));
	if (report != NULL)
		report(arg, reason);
	return EXIT_TEMP;
}

/* ---- while running ---- */

static void
report_from_thread(void *arg, const char *text)
{
	(void)arg;
	log_from_thread(LOG_LEVEL_ERROR, "authorized: %s", text);
}

/* The end of the process does not wait for it: it uses nothing that is freed then. */
static void
work(struct job *j)
{
	struct grant *grants;

	(void)j;
	file.stamp = stamp_of(the->opts->authorized);
	file.result = read_grants(the->opts->authorized, report_from_thread, NULL, &grants);
	if (file.result != 0)
		return;
	file.roster = roster_new(file.seed, grants);
	if (file.roster == NULL)
		file.result = ENOMEM;
}

static void
free_roster(void *roster)
{
	roster_free(roster);
#ifdef __GLIBC__
	malloc_trim(0);		/* what a thread allocated and another freed would stay with us */
#endif
}

/* Why there is no thread is logged once. */
static void
start_reading(void)
{
	int error = job_start(&file.job) == 0 ? 0 : errno;

	file.again = error != 0;
	if (error != 0 && error != file.no_thread)
		log_warn("authorized: no thread to read the file with: %s; trying again",
		    strerror(error));
	file.no_thread = error;
}

static void
note_grants(void)
{
	serve_set_metric(the->serve, M_GRANTS, (int64_t)clients_grants(the->clients));
}

/* A state is logged once, and counted once. */
static void
note_trouble(int trouble)
{
	if (trouble == file.trouble && trouble != REFUSED)
		return;
	file.trouble = trouble;
	tunneld_count(M_AUTH_FAILED, 1);
	log_error("authorized: %s: %s; keeping the previous version", the->opts->authorized,
	    trouble == REFUSED ? "refused" : strerror(trouble));
}

static void
take_roster(void)
{
	size_t n;

	job_aside(free_roster, clients_change(the->clients, file.roster, time(NULL)));
	file.roster = NULL;
	file.trouble = 0;
	tunneld_count(M_AUTH_OK, 1);
	note_grants();
	n = clients_grants(the->clients);
	log_info("authorized: %s: read, %zu client%s", the->opts->authorized, n, n == 1 ? "" : "s");
}

static void
on_read(struct job *j)
{
	(void)j;
	file.watch.seen = file.stamp;
	if (file.result == 0)
		take_roster();
	else
		note_trouble(file.result);
	if (file.trouble > 0 && file.stamp.error == 0)
		file.watch.seen.error = -1;	/* unreadable: try again, changed or not */
	if (file.again)
		start_reading();
}

static bool
has_changed(void)
{
	struct stamp now = stamp_of(the->opts->authorized);

	return stamp_due(&file.watch, &now, ev_now_ms(the->serve->ev));
}

/*
 * The wall clock may jump, so expiry is checked just as often:
 * that costs nothing while none is due.
 */
static void
look(struct ev_timer *t)
{
	ev_timer_in(the->serve->ev, t, LOOK_MS);
	clients_expire(the->clients, time(NULL));
	if (!file.job.busy && (file.again || has_changed()))
		start_reading();
}

int
authorized_watch(void)
{
	if (the->opts->authorized == NULL)
		return 0;
	note_grants();
	file.seed = clients_seed(the->clients);
	file.job.work = work;
	file.job.done = on_read;
	if (job_open(&file.job, the->serve->ev) == -1)
		return -1;
	file.look.cb = look;
	ev_timer_in(the->serve->ev, &file.look, LOOK_MS);
	return 0;
}

void
authorized_reload(void)
{
	if (the->opts->authorized == NULL)
		return;
	file.trouble = file.no_thread = 0;	/* whoever asks wants to hear it again */
	file.again = true;
	if (!file.job.busy)
		start_reading();
}
