/* SPDX-License-Identifier: ISC */
/* Answers of our own: redirects, and errors with a small page for the people who see them. */
#include <stdio.h>
#include <time.h>

#include "httpredir.h"

#define STATUS(code, reason) code, reason, "HTTP/1.1 " #code " " reason "\r\n"

static const struct status {
	unsigned code;
	const char *reason, *line, *text;
} statuses[] = {
	{ STATUS(200, "OK"), "" },
	{ STATUS(301, "Moved Permanently"), "" },
	{ STATUS(302, "Found"), "" },
	{ STATUS(307, "Temporary Redirect"), "" },
	{ STATUS(308, "Permanent Redirect"), "" },
	{ STATUS(400, "Bad Request"), "This request breaks the rules of HTTP." },
	{ STATUS(403, "Forbidden"), "Your address is not allowed here." },
	{ STATUS(404, "Not Found"), "There is nothing here by this name." },
	{ STATUS(405, "Method Not Allowed"), "This method is not served here." },
	{ STATUS(408, "Request Timeout"), "The request took too long to arrive." },
	{ STATUS(414, "URI Too Long"), "The address of this request is too long." },
	{ STATUS(431, "Request Header Fields Too Large"),
	    "The head of this request is too large." },
	{ STATUS(501, "Not Implemented"), "This transfer coding is not known here." },
	{ STATUS(502, "Bad Gateway"),
	    "The server behind this one cannot be reached, or gave a broken answer." },
	{ STATUS(503, "Service Unavailable"),
	    "There is too much to do right now. Please try again in a moment." },
	{ STATUS(504, "Gateway Timeout"), "The server behind this one did not answer in time." },
	{ STATUS(505, "HTTP Version Not Supported"),
	    "Only HTTP/1.1 and HTTP/1.0 are spoken here." },
};

static const struct status *
status_of(unsigned code)
{
	const struct status *s = statuses;

	while (s->code != code)
		s++;
	return s;
}

/* RFC 9110 6.6.1; rewritten at most once a second. */
static struct slice
date_line(void)
{
	uint64_t now_ms = ev_now_ms(the->serve->ev);
	time_t now;
	struct tm tm;

	if (the->date_ms != 0 && now_ms - the->date_ms < 1000)
		return slice_of(the->date, the->date_len);
	the->date_ms = now_ms;
	now = time(NULL);
	the->date_len = strftime(the->date, sizeof(the->date),
	    "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime_r(&now, &tm));
	return slice_of(the->date, the->date_len);
}

static void
begin(struct text *t, const struct answer *a)
{
	text_str(t, status_of(a->status)->line);
	text_add(t, date_line());
}

static void
finish(struct text *t, const struct answer *a, size_t length)
{
	if (a->extra != NULL)
		text_str(t, a->extra);
	text_str(t, "Content-Length: ");
	text_number(t, length);
	text_str(t, a->last ? "\r\nConnection: close\r\n\r\n" :
	    a->old ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\n\r\n");
}

void
answer_count(unsigned status)
{
	unsigned class = status < 600 ? status / 100 : 5;	/* RFC 9110 15 */

	serve_count(the->serve, M_ANSWER + class - 2, 1);
}

void
answer_redirect(struct text *t, const struct answer *a, struct slice host, struct slice path)
{
	begin(t, a);
	text_str(t, "Location: https://");
	text_add(t, host);
	if (the->opts->port != 443) {
		text_str(t, ":");
		text_number(t, the->opts->port);
	}
	if (path.len == 0 || path.p[0] != '/')
		text_str(t, "/");
	if (!slice_is(path, "*"))
		text_add(t, path);
	text_str(t, "\r\n");
	finish(t, a, 0);
}

void
answer_error(struct text *t, const struct answer *a)
{
	const struct status *s = status_of(a->status);
	char page[512];
	int n = snprintf(page, sizeof(page),
	    "<!doctype html>\n<html lang=\"en\"><title>%u %s</title>\n<h1>%u %s</h1>\n"
	    "<p>%s</p>\n</html>\n", s->code, s->reason, s->code, s->reason, s->text);

	begin(t, a);
	text_str(t, "Content-Type: text/html; charset=utf-8\r\n");
	finish(t, a, (size_t)n);
	if (!a->to_head)
		text_add(t, slice_of(page, (size_t)n));
}

void
answer_text(struct text *t, const struct answer *a, struct slice body)
{
	begin(t, a);
	text_str(t, "Content-Type: text/plain\r\n");
	finish(t, a, body.len);
	if (!a->to_head)
		text_add(t, body);
}
