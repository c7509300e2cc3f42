/* SPDX-License-Identifier: ISC */
/*
 * Fuzz request heads: no overread, answers inside the head,
 * and one result however the bytes arrive.
 */
#include <assert.h>
#include <stdlib.h>

#include "http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sink;

static void
inside(struct slice s, const char *buf, size_t len)
{
	assert(s.p == NULL || (s.p >= buf && s.p + s.len <= buf + len));
	for (size_t i = 0; i < s.len; i++)
		sink += (uint8_t)s.p[i];
}

/* What we would pass on must hold neither a line's end nor a NUL. */
static void
check(const struct http1_request *req, const char *buf)
{
	struct slice fields = req->msg.fields;
	struct http1_field f;

	inside(req->method, buf, req->msg.size);
	inside(req->target, buf, req->msg.size);
	inside(req->path, buf, req->msg.size);
	inside(req->authority, buf, req->msg.size);
	inside(req->host, buf, req->msg.size);
	while (http1_next_field(&fields, &f)) {
		inside(f.name, buf, req->msg.size);
		inside(f.value, buf, req->msg.size);
		assert(f.name.len > 0);
		assert(f.value.len == 0 || (memchr(f.value.p, '\r', f.value.len) == NULL &&
		    memchr(f.value.p, '\n', f.value.len) == NULL &&
		    memchr(f.value.p, '\0', f.value.len) == NULL));
	}
	assert(fields.len == 0);
	assert(req->msg.named_count <= HTTP1_OPTIONS_MAX);
	for (unsigned i = 0; i < req->msg.named_count; i++) {
		inside(req->msg.named[i], buf, req->msg.size);
		assert(http1_is_named(&req->msg, req->msg.named[i]));
	}
}

static enum http1_result
feed(struct http1_scan *scan, const uint8_t *data, size_t len, char **copy,
    struct http1_request *req)
{
	free(*copy);
	*copy = malloc(len);
	if (len > 0)
		memcpy(*copy, data, len);
	return http1_request(scan, *copy, len, req);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http1_scan once = { 0 }, twice = { 0 };
	struct http1_request req;
	char *copy = NULL;
	size_t cut = size < 2 ? 0 : (size_t)(data[size - 1] << 8 | data[size - 2]) % size;
	enum http1_result r = feed(&once, data, size, &copy, &req), part;

	if (r == HTTP1_OK)
		check(&req, copy);
	part = feed(&twice, data, cut, &copy, &req);
	if (part == HTTP1_MORE)
		part = feed(&twice, data, size, &copy, &req);
	/* a first line may be refused for itself, whatever the fields behind it would lead to */
	assert(part == r || r == HTTP1_MORE || part == HTTP1_BAD || part == HTTP1_TARGET_LONG ||
	    part == HTTP1_CONNECT || part == HTTP1_VERSION);
	assert((part == HTTP1_OK) == (r == HTTP1_OK));
	free(copy);
	return 0;
}
