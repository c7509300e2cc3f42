/* SPDX-License-Identifier: ISC */
/* Become another user, irrevocably. */
#include "privs.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "num.h"

static const char *
find_group(const char *text, gid_t *gid)
{
	const struct group *gr = getgrnam(text);
	uint64_t n;

	if (gr != NULL)
		*gid = gr->gr_gid;
	else if (num_parse(slice_str(text), 0, UINT32_MAX - 1, &n))
		*gid = (gid_t)n;
	else
		return "no such group";
	return NULL;
}

const char *
privs_parse(const char *text, struct privs *out)
{
	const char *colon = strchr(text, ':');
	size_t len = colon == NULL ? strlen(text) : (size_t)(colon - text);
	const struct passwd *pw;
	char user[64];
	uint64_t n;
	bool number;

	if (len == 0 || len >= sizeof(user))
		return "no user name";
	memcpy(user, text, len);
	user[len] = '\0';
	pw = getpwnam(user);
	number = pw == NULL && num_parse(slice_str(user), 0, UINT32_MAX - 1, &n);
	if (number)
		pw = getpwuid((uid_t)n);
	if (pw == NULL && !number)
		return "no such user";
	if (pw == NULL && colon == NULL)
		return "a user without a passwd entry needs :GROUP";
	out->uid = pw == NULL ? (uid_t)n : pw->pw_uid;
	if (pw != NULL)
		out->gid = pw->pw_gid;
	snprintf(out->name, sizeof(out->name), "%s", pw == NULL ? "" : pw->pw_name);
	return colon == NULL ? NULL : find_group(colon + 1, &out->gid);
}

static bool
is_already(const struct privs *p)
{
	uid_t u[3];
	gid_t g[3];

	return getresuid(&u[0], &u[1], &u[2]) == 0 && getresgid(&g[0], &g[1], &g[2]) == 0 &&
	    u[0] == p->uid && u[1] == p->uid && u[2] == p->uid &&
	    g[0] == p->gid && g[1] == p->gid && g[2] == p->gid;
}

/* Whoever is that user already and may not set groups keeps those it was started with. */
static int
drop_groups(const struct privs *p)
{
	int r = p->name[0] != '\0' ? initgroups(p->name, p->gid) : setgroups(0, NULL);

	return r == -1 && errno == EPERM && is_already(p) ? 0 : r;
}

int
privs_drop(const struct privs *p)
{
	if (drop_groups(p) == -1 || setresgid(p->gid, p->gid, p->gid) == -1 ||
	    setresuid(p->uid, p->uid, p->uid) == -1)
		return -1;
	if (p->uid != 0 && setuid(0) == 0) {	/* must no longer work */
		errno = EPERM;
		return -1;
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
