/* SPDX-License-Identifier: ISC */
/* What a visitor that speaks HTTP is told when the tunnel has no answer for it. */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Which leg failed. */
enum answer {
	ANSWER_NAME,	/* 404: nobody is known by this name */
	ANSWER_OFFLINE,	/* 503: the client is known, but not there */
	ANSWER_BUSY,	/* 503: it has as many visitors as it may, or no memory for one more */
	ANSWER_LOCAL	/* 502: the service beside it didn't take the visitor */
};

#define ANSWER_MAX 1024u	/* bytes of the longest */

/*
 * The whole answer; its length. The connection ends after it, so that without a page it suits
 * a HEAD and any other request. Pure.
 */
size_t answer_write(enum answer what, bool with_page, time_t now, char out[static ANSWER_MAX]);

#endif
