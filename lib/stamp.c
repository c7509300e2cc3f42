/* SPDX-License-Identifier: ISC */
/* States of a file, by stat. */
#include "stamp.h"

#include <errno.h>
#include <sys/stat.h>

#define RESTLESS_MS 3000u	/* how long a file that keeps changing is not re-read */

struct stamp
stamp_of(const char *path)
{
	struct stamp s = { 0 };
	struct stat st;

	if (stat(path, &st) == -1) {
		s.error = errno;
		return s;
	}
	s.dev = st.st_dev;
	s.ino = st.st_ino;
	s.size = st.st_size;
	s.mtime = st.st_mtim;
	s.ctime = st.st_ctim;
	s.plain = S_ISREG(st.st_mode);
	return s;
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
stamp_same(const struct stamp *a, const struct stamp *b)
{
	return a->error == b->error && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	    same_time(&a->mtime, &b->mtime) && same_time(&a->ctime, &b->ctime);
}

/* Whether it is the same file, and was written to between these two states of it. */
static bool
is_being_written(const struct stamp *before, const struct stamp *now)
{
	return now->dev == before->dev && now->ino == before->ino && !stamp_same(now, before);
}

/*
 * By looking twice, and not by the age of the file: its times may be those of another machine's
 * clock, ours may have been set, and while it is being truncated its size changes before its times.
 */
bool
stamp_due(struct stamp_watch *w, const struct stamp *now, uint64_t now_ms)
{
	struct stamp before = w->last;
	bool first = w->since_ms == 0;

	w->last = *now;
	if (stamp_same(now, &w->seen)) {
		w->since_ms = 0;
		return false;
	}
	if (first)
		w->since_ms = now_ms;
	if (now->error == 0 && (first || (is_being_written(&before, now) &&
	    now_ms - w->since_ms < RESTLESS_MS)))
		return false;
	w->since_ms = 0;
	return true;
}
