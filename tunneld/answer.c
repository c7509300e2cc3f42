/* SPDX-License-Identifier: ISC */
/* Answers for visitors that speak HTTP, with a small page for the people who see them. */
#include "answer.h"

#include <stdio.h>
#include <string.h>

static const struct row {
	const char *status, *leg, *retry, *text;
} rows[] = {
	[ANSWER_NAME] = { "404 Not Found", "name", "", "There is no service by this name here." },
	[ANSWER_OFFLINE] = { "503 Service Unavailable", "offline", "Retry-After: 10\r\n",
	    "The machine behind this name is not connected right now. "
	    "Please try again in a moment." },
	[ANSWER_BUSY] = { "503 Service Unavailable", "local", "Retry-After: 5\r\n",
	    "There are too many visitors right now. Please try again in a moment." },
	[ANSWER_LOCAL] = { "502 Bad Gateway", "local", "",
	    "The machine behind this name is connected, but its service did not answer." },
};

size_t
answer_write(enum answer what, bool to_head, time_t now, char out[static ANSWER_MAX])
{
	const struct row *r = &rows[what];
	char page[ANSWER_MAX / 2], date[40];
	struct tm tm;
	int n, len;

	len = snprintf(page, sizeof(page),
	    "<!doctype html>\n<html lang=\"en\"><title>%s</title>\n<h1>%s</h1>\n<p>%s</p>\n"
	    "</html>\n", r->status, r->status, r->text);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
	n = snprintf(out, ANSWER_MAX, "HTTP/1.1 %s\r\nDate: %s\r\nTunnel-Error: %s\r\n"
	    "%sCache-Control: no-store\r\nContent-Type: text/html; charset=utf-8\r\n"
	    "Content-Length: %d\r\nConnection: close\r\n\r\n",
	    r->status, date, r->leg, r->retry, len);
	if (!to_head)
		memcpy(out + n, page, (size_t)len);
	return (size_t)n + (to_head ? 0 : (size_t)len);
}
