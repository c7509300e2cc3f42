/* SPDX-License-Identifier: ISC */
/* Answers of our own: redirects, and errors with a small page for the people who see them. */
#include <stdio.h>
#include <time.h>

#include "httpredir.h"

static const struct status {
	unsigned code;
	const char *reason, *text;
} statuses[] = {
	{ 200, "OK", "" },
	{ 301, "Moved Permanently", "" },
	{ 302, "Found", "" },
	{ 307, "Temporary Redirect", "" },
	{ 308, "Permanent Redirect", "" },
	{ 400, "Bad Request", "This request breaks the rules of HTTP." },
	{ 403, "Forbidden", "Your address is not allowed here." },
	{ 404, "Not Found", "There is nothing here by this name." },
	{ 405, "Method Not Allowed", "This method is not served here." },
	{ 408, "Request Timeout", "The request took too long to arrive." },
	{ 414, "URI Too Long", "The address of this request is too long." },
	{ 431, "Request Header Fields Too Large", "The head of this request is too large." },
	{ 501, "Not Implemented", "This transfer coding is not known here." },
	{ 502, "Bad Gateway", "The server behind this one cannot be reached, or gave a broken answer." },
	{ 503, "Service Unavailable", "There is too much to do right now. Please try again in a moment." },
	{ 504, "Gateway Timeout", "The server behind this one did not answer in time." },
	{ 505, "HTTP Version Not Supported", "Only HTTP/1.1 and HTTP/1.0 are spoken here." },
};

static const struct status *
status_of(unsigned code)
{
	const struct status *s = statuses;

	while (s->code != code)
		s++;
	return s;
}

const char *
answer_reason(unsigned status)
{
	return status_of(status)->reason;
}

/* RFC 9110 6.6.1; written anew once a second at most. */
static const char *
date_line(void)
{
	uint64_t now_ms = ev_now_ms(the->serve->ev);
	time_t now;
	struct tm tm;

	if (the->date_ms != 0 && now_ms - the->date_ms < 1000)
		return the->date;
	the->date_ms = now_ms;
	now = time(NULL);
	strftime(the->date, sizeof(the->date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime_r(&now, &tm));
	return the->date;
}

static char *
add(char *at, const char *text)
{
	return stpcpy(at, text);
}

static char *
add_slice(char *at, struct slice s)
{
	return mempcpy(at, s.p, s.len);
}

static char *
add_number(char *at, uint64_t n)
{
	char digit[20];
	int len = 0;

	do
		digit[len++] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	while (len > 0)
		*at++ = digit[--len];
	return at;
}

static char *
begin(char *at, const struct answer *a)
{
	const struct status *s = status_of(a->status);

	at = add(at, "HTTP/1.1 ");
	at = add_number(at, s->code);
	*at++ = ' ';
	at = add(at, s->reason);
	at = add(at, "\r\n");
	return add(at, date_line());
}

static char *
finish(char *at, const struct answer *a, size_t length)
{
	if (a->extra != NULL)
		at = add(at, a->extra);
	at = add(at, "Content-Length: ");
	at = add_number(at, length);
	at = add(at, a->last ? "\r\nConnection: close\r\n\r\n" : a->old ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\n\r\n");
	return at;
}

size_t
answer_redirect(const struct answer *a, struct slice host, struct slice path, char *out)
{
	char *at = begin(out, a);

	at = add(at, "Location: https://");
	at = add_slice(at, host);
	if (the->opts->port != 443) {
		*at++ = ':';
		at = add_number(at, the->opts->port);
	}
	if (path.len == 0 || path.p[0] != '/')
		*at++ = '/';
	if (!slice_is(path, "*"))
		at = add_slice(at, path);
	at = add(at, "\r\n");
	return (size_t)(finish(at, a, 0) - out);
}

size_t
answer_error(const struct answer *a, char *out)
{
	const struct status *s = status_of(a->status);
	char page[512];
	int n = snprintf(page, sizeof(page), "<!doctype html>\n<html lang=\"en\"><title>%u %s</title>\n<h1>%u %s</h1>\n"
	    "<p>%s</p>\n</html>\n", s->code, s->reason, s->code, s->reason, s->text);
	char *at = begin(out, a);

	at = add(at, "Content-Type: text/html; charset=utf-8\r\n");
	at = finish(at, a, (size_t)n);
	if (!a->to_head)
		at = mempcpy(at, page, (size_t)n);
	return (size_t)(at - out);
}

size_t
answer_text(const struct answer *a, size_t length, char *out)
{
	return (size_t)(finish(add(begin(out, a), "Content-Type: text/plain\r\n"), a, length) - out);
}
