/* SPDX-License-Identifier: ISC */
/* States of a file, by stat. */
#include "stamp.h"

#include <errno.h>
#include <sys/stat.h>

#define SETTLE_MS 100
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

static bool
is_at_rest(const struct stamp *s)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (now.tv_sec - s->ctime.tv_sec) * 1000 +
	    (now.tv_nsec - s->ctime.tv_nsec) / 1000000 >= SETTLE_MS ||
	    now.tv_sec < s->ctime.tv_sec;	/* a clock set back must not stop us */
}

/*
 * While a file is being truncated its size changes before its times: for a moment one just
 * emptied looks as old as before.
 */
static bool
is_torn(const struct stamp *s, const struct stamp *seen)
{
	return s->dev == seen->dev && s->ino == seen->ino && s->size != seen->size &&
	    same_time(&s->ctime, &seen->ctime);
}

bool
stamp_due(struct stamp_watch *w, const struct stamp *now, uint64_t now_ms)
{
	bool first = w->since_ms == 0;

	if (stamp_same(now, &w->seen) || (is_at_rest(now) && !is_torn(now, &w->seen))) {
		w->since_ms = 0;
		return !stamp_same(now, &w->seen);
	}
	if (first) {
		w->since_ms = now_ms;
		w->restless = *now;
		return false;
	}
	if (now->ino == w->restless.ino && now->dev == w->restless.dev &&
	    now_ms - w->since_ms < RESTLESS_MS)
		return false;
	w->since_ms = 0;
	return true;
}
