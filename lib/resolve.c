/* SPDX-License-Identifier: ISC */
/*
 * The resolver: one c-ares channel on the event loop, one cache entry per name,
 * one query per entry at a time.
 */
#include "resolve.h"

#include <ares.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "hash.h"
#include "host.h"
#include "stamp.h"

#define CONF "/etc/resolv.conf"
#define QUERY_TIMEOUT_MS 1000	/* per try and server; c-ares doubles it for the second */
#define QUERY_TRIES 2
#define QUICK_TRIES 4		/* where the first may be a quick one, see channel_init(), */
#define QUICK_MAX_MS 2000	/* and none is longer than this */
#define TTL_MIN_MS 1000u	/* an answer is used at least this long, whatever its TTL */
#define TTL_MAX_MS 3600000u
#define STALE_WAIT_MS 1800u	/* longest wait for DNS with a stale answer (RFC 8767 5) */
#define LATE_MS 500u		/* DNS is late: IPv4 addresses alone are asked for, too */
#define STALE_RETRY_MS 5000u	/* DNS failed: how long a stale answer serves before the next try */
#define FAILED_RETRY_MS 1000u	/* DNS failed: how long a name without answer is not asked again */
#define UNASKED_MS 86400000u	/* unused this long, an answer is not kept as stale (RFC 8767 5) */
#define SOCKETS 16		/* c-ares uses one or two per server */
#define BUCKETS 256

struct resolve_name {
	struct resolve_name *next;	/* in its bucket */
	struct resolver *resolver;
	struct resolve *waiting;
	struct endpoint *addr;		/* owned */
	size_t n;
	uint64_t used_ms;		/* of the last look-up or answer */
	uint64_t fresh_until_ms;	/* until then what's known is the answer, even if nothing */
	struct ev_timer stale, late;
	bool asking;			/* for addresses of all families, */
	bool asking_ipv4;		/* for these alone */
	bool as_is;			/* without the search list of resolv.conf */
	char host[];
};

struct resolver {
	struct ev *ev;
	uint64_t stale_wait_ms, late_ms;	/* late_ms 0: never */
	ares_channel channel;		/* NULL: not open */
	struct stamp conf;		/* of CONF, when the channel read it */
	bool deaf;			/* a socket of the channel cannot be watched */
	struct ev_task renew;		/* the channel */
	struct ev_timer timer;
	struct watched {
		struct ev_io io;
		struct resolver *resolver;
	} socket[SOCKETS];
	struct resolve_name *bucket[BUCKETS];
};

static void on_late(struct ev_timer *t);
static void on_renew(struct ev_task *task);

/* Well before an asker gives up. */
static uint64_t
stale_wait_ms(uint64_t patience_ms)
{
	uint64_t half_ms = (patience_ms + 1) / 2;

	return half_ms == 0 || half_ms > STALE_WAIT_MS ? STALE_WAIT_MS : half_ms;
}

struct resolver *
resolver_new(struct ev *ev, uint64_t patience_ms)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->ev = ev;
	r->stale_wait_ms = stale_wait_ms(patience_ms);
	r->late_ms = r->stale_wait_ms < LATE_MS ? r->stale_wait_ms : LATE_MS;
	r->renew.cb = on_renew;
	for (int i = 0; i < SOCKETS; i++)
		r->socket[i] = (struct watched){ { -1, NULL }, r };
	return r;
}

static void
name_free(struct resolve_name *name)
{
	ev_timer_at(name->resolver->ev, &name->stale, 0);
	ev_timer_at(name->resolver->ev, &name->late, 0);
	free(name->addr);
	free(name);
}

/* The one way to be rid of the channel: nothing stays armed that would call into it. */
static void
channel_close(struct resolver *r)
{
	if (r->channel == NULL)
		return;
	ares_destroy(r->channel);	/* on_socket_state() hears of each socket */
	r->channel = NULL;
	ev_timer_at(r->ev, &r->timer, 0);
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	channel_close(r);
	ev_undefer(r->ev, &r->renew);
	for (int i = 0; i < BUCKETS; i++) {
		while (r->bucket[i] != NULL) {
			struct resolve_name *name = r->bucket[i];

			r->bucket[i] = name->next;
			name_free(name);
		}
	}
	free(r);
}

/* ---- c-ares on the loop ---- */

static void
rearm(struct resolver *r)
{
	struct timeval tv, *t = ares_timeout(r->channel, NULL, &tv);

	ev_timer_in(r->ev, &r->timer,
	    t == NULL ? 0 : (uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_usec / 1000 + 1);
}

static void
on_socket(struct ev_io *io, unsigned events)
{
	struct resolver *r = EV_CONTAINER(io, struct watched, io)->resolver;
	ares_socket_t fd = io->fd;

	ares_process_fd(r->channel, events & (EV_READ | EV_ERROR) ? fd : ARES_SOCKET_BAD,
	    events & EV_WRITE ? fd : ARES_SOCKET_BAD);
	rearm(r);
}

static void
on_timer(struct ev_timer *t)
{
	struct resolver *r = EV_CONTAINER(t, struct resolver, timer);

	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	rearm(r);
}

/* c-ares says what it waits for; neither means that it is about to close the socket. */
static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = arg;
	struct ev_io *io = NULL;
	bool added = false;

	for (int i = 0; i < SOCKETS && !added; i++) {
		added = r->socket[i].io.fd == fd;
		if (added || (io == NULL && r->socket[i].io.fd == -1))
			io = &r->socket[i].io;
	}
	if (io == NULL)
		return;		/* more sockets than we watch: that query times out */
	if (!readable && !writable) {
		if (added)
			ev_del(r->ev, io);
		io->fd = -1;
		return;
	}
	io->fd = fd;
	io->cb = on_socket;
	if ((added ? ev_mod : ev_add)(r->ev, io,
	    (readable ? EV_READ : 0u) | (writable ? EV_WRITE : 0u)) == -1) {
		r->deaf = true;		/* and c-ares would use it for all that is asked next */
		ev_defer(r->ev, &r->renew);
	}
}

/*
 * Since 1.31 c-ares has a cache of its own, where no answer is ever in doubt; 0 s is off. Since
 * 1.32 the first try may last only 250 ms, by what earlier answers took: with two tries there would
 * be no time for a name that the server must ask others for.
 */
static int
channel_init(struct resolver *r)
{
	struct ares_options o = { .timeout = QUERY_TIMEOUT_MS, .tries = QUERY_TRIES,
	    .sock_state_cb = on_socket_state, .sock_state_cb_data = r };
	int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;

#ifdef ARES_OPT_QUERY_CACHE
	o.qcache_max_ttl = 0;
	mask |= ARES_OPT_QUERY_CACHE;
#endif
#ifdef ARES_OPT_MAXTIMEOUTMS
	o.tries = QUICK_TRIES;
	o.maxtimeout = QUICK_MAX_MS;
	mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
	return ares_init_options(&r->channel, &o, mask) == ARES_SUCCESS ? 0 : -1;
}

static int
channel_open(struct resolver *r)
{
	if (r->channel != NULL)
		return 0;
	r->conf = stamp_of(CONF);
	if (channel_init(r) == -1)
		return -1;
	r->timer.cb = on_timer;
	return 0;
}

/*
 * From the loop, never here: a callback that is just getting its answer may call this, or start
 * another look-up, from inside c-ares' channel.
 */
void
resolver_reload(struct resolver *r)
{
	ev_defer(r->ev, &r->renew);
}

/* ---- the cache ---- */

static void
answer(struct resolve_name *name)
{
	struct resolve *q;

	name->used_ms = ev_now_ms(name->resolver->ev);	/* keeps name, whatever the callbacks ask */
	while ((q = name->waiting) != NULL) {
		name->waiting = q->next;
		q->name = NULL;
		q->cb(q, name->addr, name->n);
	}
	ev_timer_at(name->resolver->ev, &name->stale, 0);	/* nobody is waiting now */
}

/* DNS takes its time: those waiting get what was known. The query goes on. */
static void
on_stale(struct ev_timer *t)
{
	struct resolve_name *name = EV_CONTAINER(t, struct resolve_name, stale);

	name->fresh_until_ms = ev_now_ms(name->resolver->ev) + STALE_RETRY_MS;
	answer(name);
}

static bool
is_forgettable(const struct resolve_name *name)
{
	return !name->asking && !name->asking_ipv4 && name->waiting == NULL &&
	    ev_now_ms(name->resolver->ev) - name->used_ms >= UNASKED_MS;
}

/*
 * The names of targets come and go with the routes:
 * each new one clears its bucket of those that are gone.
 */
static void
forget_unasked(struct resolve_name **at)
{
	while (*at != NULL) {
		struct resolve_name *name = *at;

		if (is_forgettable(name)) {
			*at = name->next;
			name_free(name);
		} else {
			at = &name->next;
		}
	}
}

static struct resolve_name *
name_get(struct resolver *r, struct slice host)
{
	struct resolve_name **bucket = &r->bucket[hash_text(0, host) % BUCKETS], *name;

	for (name = *bucket; name != NULL; name = name->next)
		if (slice_is(host, name->host))
			return name;
	forget_unasked(bucket);
	name = calloc(1, sizeof(*name) + host.len + 1);
	if (name == NULL)
		return NULL;
	memcpy(name->host, host.p, host.len);
	name->resolver = r;
	name->stale.cb = on_stale;
	name->late.cb = on_late;
	name->next = *bucket;
	*bucket = name;
	return name;
}

static bool
known(const struct endpoint *addr, size_t n, const struct endpoint *e)
{
	for (size_t i = 0; i < n; i++)
		if (endpoint_same_ip(&addr[i], e))
			return true;
	return false;
}

static uint64_t
shorter(uint64_t ttl_ms, int ttl_s)
{
	return ttl_s >= 0 && (uint64_t)ttl_s * 1000 < ttl_ms ? (uint64_t)ttl_s * 1000 : ttl_ms;
}

/* How long all of it is valid: the addresses, and the aliases that led to them. */
static uint64_t
life_ms(const struct ares_addrinfo *info)
{
	uint64_t ttl_ms = TTL_MAX_MS;

	for (const struct ares_addrinfo_node *node = info->nodes; node != NULL;
	    node = node->ai_next)
		ttl_ms = shorter(ttl_ms, node->ai_ttl);
	for (const struct ares_addrinfo_cname *cname = info->cnames; cname != NULL;
	    cname = cname->next)
		ttl_ms = shorter(ttl_ms, cname->ttl);
	return ttl_ms < TTL_MIN_MS ? TTL_MIN_MS : ttl_ms;
}

/*
 * Replace what is known by a fresh answer;
 * false when it holds no address (or no memory is left).
 */
static bool
take_answer(struct resolve_name *name, const struct ares_addrinfo *info)
{
	struct endpoint *addr;
	size_t n = 0;

	for (const struct ares_addrinfo_node *node = info->nodes; node != NULL;
	    node = node->ai_next)
		n++;
	addr = n == 0 ? NULL : calloc(n, sizeof(*addr));
	if (addr == NULL)
		return false;
	n = 0;
	for (const struct ares_addrinfo_node *node = info->nodes; node != NULL;
	    node = node->ai_next) {
		struct sockaddr_storage sa = { 0 };

		memcpy(&sa, node->ai_addr, node->ai_addrlen);
		endpoint_of(&sa, &addr[n]);
		if (!known(addr, n, &addr[n]))
			n++;
	}
	free(name->addr);
	name->addr = addr;
	name->n = n;
	name->fresh_until_ms = ev_now_ms(name->resolver->ev) + life_ms(info);
	return true;
}

static void
forget_addresses(struct resolve_name *name)
{
	free(name->addr);
	name->addr = NULL;
	name->n = 0;
}

static void
ask_later(struct resolve_name *name)
{
	name->fresh_until_ms = ev_now_ms(name->resolver->ev) +
	    (name->n == 0 ? FAILED_RETRY_MS : STALE_RETRY_MS);
}

static void
query(struct resolve_name *name, int family, ares_addrinfo_callback cb)
{
	const struct ares_addrinfo_hints hints = { .ai_family = family,
		.ai_socktype = SOCK_STREAM };
	char text[HOST_MAX + 2];

	snprintf(text, sizeof(text), "%s%s", name->host, name->as_is ? "." : "");
	ares_getaddrinfo(name->resolver->channel, text, NULL, &hints, cb, name);
}

/* No packet is sent. Of the addresses of an answer c-ares puts those with a route first. */
static bool
has_route(const struct ares_addrinfo_node *to)
{
	int fd = to == NULL ? -1 : socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool has = fd != -1 && connect(fd, to->ai_addr, to->ai_addrlen) == 0;

	if (fd != -1)
		close(fd);
	return has;
}

/*
 * What matters is an answer of use: a host may have IPv6 alone. That there is none, the query for
 * all families will say; until then this one serves, or those who come would wait for that.
 */
static void
on_ipv4_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct resolve_name *name = arg;
	bool is_news = name->asking && status == ARES_SUCCESS && has_route(info->nodes) &&
	    take_answer(name, info);
	uint64_t until_ms = ev_now_ms(name->resolver->ev) + STALE_RETRY_MS;

	(void)timeouts;
	name->asking_ipv4 = false;
	if (info != NULL)
		ares_freeaddrinfo(info);
	if (!is_news)
		return;
	if (name->fresh_until_ms < until_ms)
		name->fresh_until_ms = until_ms;
	answer(name);
}

/*
 * Some servers, and the NATs before them, answer no question for AAAA (RFC 4074 4.1), and c-ares
 * says nothing of the A it has got until it has given that up.
 */
static void
on_late(struct ev_timer *t)
{
	struct resolve_name *name = EV_CONTAINER(t, struct resolve_name, late);

	if (name->asking_ipv4)
		return;
	name->asking_ipv4 = true;
	query(name, AF_INET, on_ipv4_answer);
	rearm(name->resolver);
}

/*
 * c-ares gives up at the first item of the search list that no server takes, such as a domain of
 * an office that those of a cluster refuse, where libc goes on, to the name as it is in the end.
 * Up to 1.19 it also does at ".", which is the whole list where systemd-resolved knows no domain.
 */
static bool
is_to_be_asked_as_is(const struct resolve_name *name, int status)
{
	return (status == ARES_ECONNREFUSED || status == ARES_EREFUSED ||
	    status == ARES_ESERVFAIL || status == ARES_EBADNAME) && !name->as_is &&
	    name->host[strlen(name->host) - 1] != '.';
}

/*
 * NXDOMAIN is an answer, not a failure (RFC 8767 4), unless it is about the name as it is. NODATA
 * would be one too, but c-ares says it as well when one of A and AAAA has no record and the other
 * query failed.
 */
static void
on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct resolve_name *name = arg;

	(void)timeouts;
	if (is_to_be_asked_as_is(name, status)) {
		name->as_is = true;
		query(name, AF_UNSPEC, on_answer);
		return;
	}
	name->asking = false;
	ev_timer_at(name->resolver->ev, &name->late, 0);
	if (status == ARES_EDESTRUCTION)
		return;		/* of the channel, not of the look-up: see on_renew() */
	if (status == ARES_ENOTFOUND && !name->as_is)
		forget_addresses(name);
	if (status != ARES_SUCCESS || !take_answer(name, info))
		ask_later(name);
	if (info != NULL)
		ares_freeaddrinfo(info);
	answer(name);
}

/* As libc does: DHCP, or a VPN, has named other servers. */
static void
follow_conf(struct resolver *r)
{
	struct stamp now = stamp_of(CONF);

	if (!stamp_same(&now, &r->conf))
		resolver_reload(r);
}

static void
ask(struct resolver *r, struct resolve_name *name)
{
	if (channel_open(r) == -1) {
		answer(name);
		return;
	}
	follow_conf(r);
	name->asking = true;
	name->as_is = false;
	ev_timer_in(r->ev, &name->late, r->late_ms);
	query(name, AF_UNSPEC, on_answer);
	rearm(r);
}

/*
 * The right servers may be others now: what somebody waits for is asked through a new channel,
 * and what is known counts as stale.
 */
static void
on_renew(struct ev_task *task)
{
	struct resolver *r = EV_CONTAINER(task, struct resolver, renew);
	bool deaf = r->deaf;

	r->deaf = false;
	channel_close(r);
	for (int i = 0; i < BUCKETS; i++) {
		for (struct resolve_name *name = r->bucket[i]; name != NULL; name = name->next) {
			name->fresh_until_ms = 0;
			if (name->waiting == NULL || name->asking)
				continue;
			if (deaf) {
				ask_later(name);
				answer(name);
			} else {
				ask(r, name);
			}
		}
	}
}

bool
resolver_ask(struct resolver *r, struct resolve *q, struct slice host)
{
	struct resolve_name *name = name_get(r, host);

	q->name = NULL;
	if (name == NULL) {
		q->cb(q, NULL, 0);
		return true;
	}
	name->used_ms = ev_now_ms(r->ev);
	if (ev_now_ms(r->ev) < name->fresh_until_ms) {
		q->cb(q, name->addr, name->n);
		return true;
	}
	q->name = name;
	q->next = name->waiting;
	name->waiting = q;
	if (name->n > 0 && name->stale.due_ms == 0)
		ev_timer_in(r->ev, &name->stale, r->stale_wait_ms);
	if (!name->asking)
		ask(r, name);
	return q->name == NULL;
}

void
resolver_doubt(struct resolver *r, struct slice host)
{
	struct resolve_name *name = name_get(r, host);
	uint64_t soon_ms = ev_now_ms(r->ev) + TTL_MIN_MS;

	if (name != NULL && name->fresh_until_ms > soon_ms)
		name->fresh_until_ms = soon_ms;
}

void
resolver_cancel(struct resolve *q)
{
	struct resolve **at;

	if (q->name == NULL)
		return;
	for (at = &q->name->waiting; *at != q; at = &(*at)->next)
		;
	*at = q->next;
	q->name = NULL;
}

/* ---- waiting: on a loop of its own ---- */

struct wait {
	struct resolve question;
	struct ev_timer end;
	struct ev *ev;
	struct endpoint *out;
	bool found;
};

static void
on_awaited(struct resolve *q, const struct endpoint *addr, size_t n)
{
	struct wait *w = EV_CONTAINER(q, struct wait, question);

	w->found = n > 0;
	if (n > 0)
		*w->out = addr[0];
	ev_stop(w->ev);
}

static void
on_wait_end(struct ev_timer *t)
{
	ev_stop(EV_CONTAINER(t, struct wait, end)->ev);
}

bool
resolve_wait(struct slice host, uint64_t max_ms, struct endpoint *out)
{
	struct wait w = { .question.cb = on_awaited, .end.cb = on_wait_end, .ev = ev_new(),
		.out = out };
	struct resolver *r = w.ev == NULL ? NULL : resolver_new(w.ev, 0);

	if (r != NULL)
		r->late_ms = 0;		/* which one is first is not for the speed of DNS to say */
	if (r != NULL && !resolver_ask(r, &w.question, host)) {
		ev_timer_in(w.ev, &w.end, max_ms);
		(void)ev_run(w.ev);
		ev_timer_at(w.ev, &w.end, 0);
	}
	resolver_free(r);
	ev_free(w.ev);
	return w.found;
}
