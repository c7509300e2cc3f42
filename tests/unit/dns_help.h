/* SPDX-License-Identifier: ISC */
/*
 * For tests that resolve names: the functions of c-ares that lib/resolve.c uses, defined here in
 * place of the library's. The test answers the queries, or lets them wait.
 */
#ifndef DNS_HELP_H
#define DNS_HELP_H

#include <ares.h>

#include "loop_help.h"

#define UNUSED __attribute__((unused))
#define QUERIES 64
#define CHANNELS 64

static struct query {
	char name[256];
	int family;
	ares_channel channel;
	ares_addrinfo_callback cb;
	void *arg;
	bool waits;
} query[QUERIES];		/* in the order they were asked */
static size_t queries;
static bool channel_is_open[CHANNELS];	/* as they were opened; an ares_channel points to one */
static int channels_opened;
static int calling_back;		/* c-ares' callbacks under way: none may destroy it */
/* addresses answering a query before ares_getaddrinfo() returns; NULL: none is */
static const char *at_once;

/* By other names here: c-ares has come to declare some of what these take as const. */
int init_options(ares_channel *, const struct ares_options *, int) __asm__("ares_init_options");
struct timeval *timeout(ares_channel, struct timeval *, struct timeval *) __asm__("ares_timeout");

static void
call_back(struct query *q, int status, int timeouts, struct ares_addrinfo *info)
{
	q->waits = false;
	calling_back++;
	q->cb(q->arg, status, timeouts, info);
	calling_back--;
}

int
init_options(ares_channel *channel, const struct ares_options *options, int mask)
{
	(void)options;
	(void)mask;
	assert_true(channels_opened < CHANNELS);
	channel_is_open[channels_opened] = true;
	*channel = (void *)&channel_is_open[channels_opened++];
	return ARES_SUCCESS;
}

/* The library does not look whether it was destroyed: no test would notice. */
static bool *
open_channel(ares_channel channel)
{
	bool *is_open = (void *)channel;

	assert_true(*is_open);
	return is_open;
}

void
ares_destroy(ares_channel channel)
{
	assert_int_equal(calling_back, 0);
	for (size_t i = 0; i < queries; i++)
		if (query[i].waits && query[i].channel == channel)
			call_back(&query[i], ARES_EDESTRUCTION, 0, NULL);
	*open_channel(channel) = false;
}

struct timeval *
timeout(ares_channel channel, struct timeval *max, struct timeval *tv)
{
	(void)max;
	(void)open_channel(channel);
	for (size_t i = 0; i < queries; i++) {
		if (query[i].waits && query[i].channel == channel) {
			*tv = (struct timeval){ .tv_sec = 1 };
			return tv;
		}
	}
	return NULL;
}

void
ares_process_fd(ares_channel channel, ares_socket_t readable, ares_socket_t writable)
{
	(void)readable;
	(void)writable;
	(void)open_channel(channel);
}

void
ares_freeaddrinfo(struct ares_addrinfo *info)
{
	while (info->nodes != NULL) {
		struct ares_addrinfo_node *node = info->nodes;

		info->nodes = node->ai_next;
		free(node->ai_addr);
		free(node);
	}
	while (info->cnames != NULL) {
		struct ares_addrinfo_cname *cname = info->cnames;

		info->cnames = cname->next;
		free(cname);
	}
	free(info);
}

static struct ares_addrinfo_node *
node_of(const char *ip, int ttl)
{
	struct ares_addrinfo_node *node = calloc(1, sizeof(*node));
	struct sockaddr_storage sa;
	struct endpoint e;

	assert_true(endpoint_parse_ip(slice_str(ip), &e));
	node->ai_addrlen = endpoint_sockaddr(&e, &sa);
	node->ai_addr = malloc(node->ai_addrlen);
	memcpy(node->ai_addr, &sa, node->ai_addrlen);
	node->ai_family = sa.ss_family;
	node->ai_ttl = ttl;
	return node;
}

/* Answer query i with addresses separated by spaces. */
UNUSED static void
dns_answers(size_t i, const char *addresses, int ttl)
{
	struct ares_addrinfo *info = calloc(1, sizeof(*info));
	struct ares_addrinfo_node **at = &info->nodes;
	char list[256], *rest = list, *ip;

	assert_true(i < queries && query[i].waits);
	snprintf(list, sizeof(list), "%s", addresses);
	while ((ip = strsep(&rest, " ")) != NULL) {
		*at = node_of(ip, ttl);
		at = &(*at)->ai_next;
	}
	call_back(&query[i], ARES_SUCCESS, 0, info);
}

UNUSED static void
dns_fails(size_t i)
{
	assert_true(i < queries && query[i].waits);
	call_back(&query[i], ARES_ETIMEOUT, 2, NULL);
}

UNUSED static void
dns_knows_no_such_name(size_t i)
{
	assert_true(i < queries && query[i].waits);
	call_back(&query[i], ARES_ENOTFOUND, 0, NULL);
}

void
ares_getaddrinfo(ares_channel channel, const char *name, const char *service,
    const struct ares_addrinfo_hints *hints, ares_addrinfo_callback cb, void *arg)
{
	struct query *q = &query[queries++];

	(void)service;
	assert_true(queries <= QUERIES);
	q->family = hints->ai_family;
	snprintf(q->name, sizeof(q->name), "%s", name);
	(void)open_channel(channel);
	q->channel = channel;
	q->cb = cb;
	q->arg = arg;
	q->waits = true;
	if (at_once != NULL)
		dns_answers(queries - 1, at_once, 0);
}

#endif
