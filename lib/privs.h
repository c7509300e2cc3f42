/* SPDX-License-Identifier: ISC */
/* Give up root. */
#ifndef PRIVS_H
#define PRIVS_H

#include <sys/types.h>

struct privs {
	uid_t uid;
	gid_t gid;
	char name[64];		/* for initgroups(3); empty when a number was given */
};

/* Look up USER[:GROUP], names or numbers. NULL, or what is wrong with it (static text). */
const char *privs_parse(const char *text, struct privs *out);

/*
 * Become that user for good: groups, gid, uid, and no new privileges by exec. -1 with errno.
 * Whoever is that user already needs no right to, and keeps the groups it was started with.
 */
int privs_drop(const struct privs *p);

#endif
