/* SPDX-License-Identifier: ISC */
/* Answers for visitors that speak HTTP, with a small page for the people who see them. */
#include "answer.h"

#include <stdio.h>

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

#define PAGE_MAX (ANSWER_MAX / 2)

/* The last fields, and the page they are about. */
static void
write_page(const struct row *r, char out[static PAGE_MAX + 100])
{
	char page[PAGE_MAX];
	int len = snprintf(page, sizeof(page),
	    "<!doctype html>\n<html lang=\"en\"><title>%s</title>\n<h1>%s</h1>\n<p>%s</p>\n"
	    "</html>\n", r->status, r->status, r->text);

	snprintf(out, PAGE_MAX + 100, "Content-Type: text/html; charset=utf-8\r\n"
	    "Content-Length: %d\r\n\r\n%s", len, page);
}

size_t
answer_write(enum answer what, bool with_page, time_t now, char out[static ANSWER_MAX])
{
	const struct row *r = &rows[what];
	char rest[PAGE_MAX + 100] = "\r\n", date[40];
	struct tm tm;

	if (with_page)
		write_page(r, rest);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
	return (size_t)snprintf(out, ANSWER_MAX,
	    "HTTP/1.1 %s\r\nDate: %s\r\nTunnel-Error: %s\r\n"
	    "%sCache-Control: no-store\r\nConnection: close\r\n%s",
	    r->status, date, r->leg, r->retry, rest);
}
