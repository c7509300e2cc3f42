/* SPDX-License-Identifier: ISC */
/* The store: read, watch, write. */
#include "redis.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "log.h"
#include "record.h"
#include "redis_link.h"

#define SCAN_COUNT "1000"	/* keys the server examines in one step */
#define BATCH_MAX (LINK_WORDS_MAX - 1)	/* keys of one MGET */
#define READS_MAX 4096u		/* outstanding single reads; if more keys change, all are read */
#define NUMBER_MAX 21u		/* bytes of any number as text, NUL included */
#define RETRY_MIN_MS 100u
#define RETRY_MAX_MS 5000u

enum state { STATE_NONE, STATE_GOOD, STATE_UNREACHABLE, STATE_REFUSED };

/*
 *   NONE --> STEPS --last SCAN answered--> READS --all answered--> LATE --all answered--> NONE
 *
 * A scan is over when the keys it gave are read, and those that notifications had made us read by
 * that time: one of them may have been away when the scan passed, and be back. Keys that change
 * later are not waited for, or a scan of a store that changes all the time would never be over.
 * Replies come in order.
 */
enum scan {
	SCAN_NONE,
	SCAN_STEPS,		/* SCAN goes on */
	SCAN_READS,		/* values of keys it gave are outstanding */
	SCAN_LATE		/* those that notifications had made us read by then are */
};

/* What became of the notifications. */
enum news {
	NEWS_READ,		/* each made us read its key */
	NEWS_MISSED,		/* not all: only the next scan makes up for it */
	NEWS_CATCHING_UP	/* not all, and that scan is running */
};

struct redis {
	struct ev *ev;
	const struct redis_conf *conf;
	const struct redis_ops *ops;
	void *arg;
	struct resolver *resolver;
	struct link main, watch;	/* commands; notifications */
	struct ev_timer retry;
	unsigned failures;
	enum state logged;
	char *pattern;			/* for our keys; owned */
	char *channels;			/* for their notifications; owned */
	size_t channel_prefix;		/* bytes before the key in a channel's name */
	enum scan scan;
	bool again, watched;		/* another scan follows; the server sends notifications */
	bool unwatchable;		/* it refuses to: that was logged */
	enum news news;
	unsigned singles, writes;	/* outstanding: keys that are read by themselves; writes */
	unsigned owed;			/* outstanding: reads the state of the scan waits for */
};

/* ---- state ---- */

void
redis_good(struct redis *r)
{
	char name[LOG_VALUE_MAX];

	r->failures = 0;
	if (r->logged == STATE_GOOD)
		return;
	r->logged = STATE_GOOD;
	log_info("store=good source=%s", log_value(slice_str(r->conf->name), name));
}

static void
note_trouble(struct redis *r, enum link_trouble trouble, const char *why)
{
	enum state state = trouble == LINK_REFUSED ? STATE_REFUSED : STATE_UNREACHABLE;
	const char *word = trouble == LINK_REFUSED ? "refuses" : "unreachable";
	char name[LOG_VALUE_MAX], reason[LOG_VALUE_MAX];

	log_value(slice_str(r->conf->name), name);
	log_value(slice_str(why), reason);
	if (r->logged == state)
		log_debug("store still %s why=%s", word, reason);
	else
		log_warn("store=%s source=%s why=%s", word, name, reason);
	r->logged = state;
}

/* Uniform between half and all of the delay, so that a fleet does not reconnect all at once. */
static uint64_t
retry_delay(const struct redis *r)
{
	unsigned shift = r->failures < 8 ? r->failures : 8;
	uint32_t delay = RETRY_MIN_MS << shift, random = 0;

	if (delay > RETRY_MAX_MS)
		delay = RETRY_MAX_MS;
	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	return delay / 2 + random % (delay / 2) + 1;
}

/* Retry the connection, or watching, which begins with a scan. */
static void
on_retry(struct ev_timer *t)
{
	struct redis *r = EV_CONTAINER(t, struct redis, retry);

	if (redis_is_up(r))
		redis_scan(r);
	else
		redis_open(r);
}

static void
main_up(struct link *l)
{
	struct redis *r = EV_CONTAINER(l, struct redis, main);

	r->ops->up(r->arg);
}

/*
 * Forget the last connection: it gets no more replies, and a retry set for it must not
 * cut off the next one.
 */
static void
start_anew(struct redis *r)
{
	ev_timer_at(r->ev, &r->retry, 0);
	r->scan = SCAN_NONE;
	r->news = NEWS_READ;
	r->again = r->watched = false;
	r->singles = r->writes = r->owed = 0;
	link_close(&r->watch);
}

static void
main_down(struct link *l, enum link_trouble trouble, const char *why)
{
	struct redis *r = EV_CONTAINER(l, struct redis, main);

	start_anew(r);
	note_trouble(r, trouble, why);
	ev_timer_in(r->ev, &r->retry, retry_delay(r));
	r->failures++;
	r->ops->down(r->arg);
}

/* ---- reading ---- */

/* Why a key is read by itself. */
enum cause {
	CAUSE_SCAN,		/* MGET could not tell its value */
	CAUSE_CHANGED,		/* a notification */
	CAUSE_EXPIRED
};

static bool
is_ours(const struct redis *r, struct slice key)
{
	enum record_rank rank;
	struct slice name;

	return record_key(slice_str(r->conf->prefix), key, &rank, &name);
}

static void
check_end(struct redis *r)
{
	if (r->scan < SCAN_READS || r->owed > 0 || link_is_failing(&r->main))
		return;
	if (r->scan == SCAN_READS) {
		r->scan = SCAN_LATE;
		r->owed = r->singles;
	}
	if (r->owed > 0)
		return;
	r->scan = SCAN_NONE;
	if (r->news == NEWS_CATCHING_UP)
		r->news = NEWS_READ;
	redis_good(r);
	r->ops->scanned(r->arg);
	if (r->again && redis_is_up(r))
		redis_scan(r);
}

static struct slice
text_of(const redisReply *reply)
{
	return slice_of(reply->str, reply->len);
}

/* One outstanding GET. */
struct single {
	size_t len;
	enum cause cause;
	char key[];
};

static enum redis_value
kind_of(const struct single *s, const redisReply *reply)
{
	if (reply->type == REDIS_REPLY_NIL)
		return s->cause == CAUSE_EXPIRED ? REDIS_EXPIRED : REDIS_NO_KEY;
	return reply->type == REDIS_REPLY_STRING ? REDIS_TEXT : REDIS_NO_TEXT;
}

static void
on_single(redisAsyncContext *ac, void *data, void *arg)
{
	redisReply *reply = data;
	struct link *l = link_heard(ac, reply);
	struct single *s = arg;
	struct redis *r;

	if (l == NULL) {
		free(s);
		return;
	}
	r = EV_CONTAINER(l, struct redis, main);
	if (reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "WRONGTYPE", 9) != 0) {
		link_fail_reply(l, reply);
	} else if (!link_is_failing(l)) {
		r->singles--;
		r->owed -= s->cause == CAUSE_SCAN || r->scan == SCAN_LATE;
		r->ops->value(r->arg, slice_of(s->key, s->len), kind_of(s, reply), text_of(reply));
		check_end(r);
	}
	free(s);
}

static void
read_key(struct redis *r, struct slice key, enum cause cause)
{
	const struct slice argv[] = { slice_str("GET"), key };
	struct single *s = malloc(sizeof(*s) + key.len);

	if (s == NULL) {
		link_fail_soon(&r->main);
		return;
	}
	s->len = key.len;
	s->cause = cause;
	memcpy(s->key, key.p, key.len);
	if (!link_send(&r->main, on_single, s, 2, argv)) {
		free(s);
		return;
	}
	r->singles++;
	r->owed += cause == CAUSE_SCAN;
}

/* One outstanding MGET. */
struct batch {
	size_t n;
	struct slice key[BATCH_MAX];
	char text[];
};

static void
tell_batch(struct redis *r, const struct batch *b, const redisReply *reply)
{
	for (size_t i = 0; i < b->n && !link_is_failing(&r->main); i++) {
		const redisReply *value = reply->element[i];

		if (value->type == REDIS_REPLY_STRING)
			r->ops->value(r->arg, b->key[i], REDIS_TEXT, text_of(value));
		else
			read_key(r, b->key[i], CAUSE_SCAN);	/* gone, or not text */
	}
}

static void
on_batch(redisAsyncContext *ac, void *data, void *arg)
{
	redisReply *reply = data;
	struct link *l = link_heard(ac, reply);
	struct batch *b = arg;
	struct redis *r;

	if (l == NULL) {
		free(b);
		return;
	}
	r = EV_CONTAINER(l, struct redis, main);
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == b->n) {
		r->owed--;
		tell_batch(r, b, reply);
		check_end(r);
	} else {
		link_fail_reply(l, reply);
	}
	free(b);
}

/* Those of our keys that are among n keys of a scan's reply; owned by the caller. */
static struct batch *
make_batch(const struct redis *r, redisReply *const *keys, size_t n)
{
	struct batch *b;
	size_t room = 0, at = 0;

	for (size_t i = 0; i < n; i++)
		room += keys[i]->len;
	b = malloc(sizeof(*b) + room);
	if (b == NULL)
		return NULL;
	b->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct slice key = text_of(keys[i]);

		if (key.len == 0 || !is_ours(r, key))
			continue;
		memcpy(b->text + at, key.p, key.len);
		b->key[b->n++] = slice_of(b->text + at, key.len);
		at += key.len;
	}
	return b;
}

static void
read_batch(struct redis *r, redisReply *const *keys, size_t n)
{
	struct slice argv[BATCH_MAX + 1] = { slice_str("MGET") };
	struct batch *b = make_batch(r, keys, n);

	if (b == NULL) {
		link_fail_soon(&r->main);
		return;
	}
	memcpy(argv + 1, b->key, b->n * sizeof(*argv));
	if (b->n > 0 && link_send(&r->main, on_batch, b, b->n + 1, argv))
		r->owed++;
	else
		free(b);
}

static void scan_step(struct redis *r, struct slice cursor);

static bool
is_scan_reply(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	    reply->element[0]->str != NULL && reply->element[1]->type == REDIS_REPLY_ARRAY;
}

static void
on_scan(redisAsyncContext *ac, void *data, void *arg)
{
	redisReply *reply = data;
	struct link *l = link_heard(ac, reply);
	struct redis *r;
	const redisReply *keys;

	(void)arg;
	if (l == NULL)
		return;
	if (!is_scan_reply(reply)) {
		link_fail_reply(l, reply);
		return;
	}
	r = EV_CONTAINER(l, struct redis, main);
	keys = reply->element[1];
	if (strcmp(reply->element[0]->str, "0") == 0)
		r->scan = SCAN_READS;
	else			/* first, so that the server works meanwhile */
		scan_step(r, text_of(reply->element[0]));
	for (size_t i = 0; i < keys->elements; i += BATCH_MAX) {
		size_t n = keys->elements - i;

		read_batch(r, keys->element + i, n < BATCH_MAX ? n : BATCH_MAX);
	}
	check_end(r);
}

static void
scan_step(struct redis *r, struct slice cursor)
{
	const struct slice argv[] = { slice_str("SCAN"), cursor, slice_str("MATCH"),
		slice_str(r->pattern), slice_str("COUNT"), slice_str(SCAN_COUNT) };

	link_send(&r->main, on_scan, NULL, 6, argv);
}

/* ---- watching ---- */

/*
 * A change between the scan and the subscription would be missed,
 * so the first reply triggers a scan.
 */
static void
on_notification(redisAsyncContext *ac, void *data, void *arg)
{
	redisReply *reply = data;
	struct link *l = link_heard(ac, reply);
	struct redis *r;
	struct slice channel, event;

	(void)arg;
	if (l == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements < 3)
		return;
	r = EV_CONTAINER(l, struct redis, watch);
	if (reply->elements == 3) {
		r->watched = true;
		r->unwatchable = false;
		log_debug("watching %s", r->channels);
		redis_scan(r);
		return;
	}
	channel = text_of(reply->element[2]);
	event = text_of(reply->element[3]);
	if (slice_is(event, "expire"))
		return;		/* it was given a time to live; its value is unchanged */
	if (channel.len <= r->channel_prefix || !is_ours(r, slice_skip(channel, r->channel_prefix)))
		return;
	if (redis_is_up(r) && r->singles <= READS_MAX) {
		read_key(r, slice_skip(channel, r->channel_prefix),
		    slice_is(event, "expired") ? CAUSE_EXPIRED : CAUSE_CHANGED);
		return;
	}
	r->news = NEWS_MISSED;
	redis_scan(r);
}

static void
watch_up(struct link *l)
{
	struct redis *r = EV_CONTAINER(l, struct redis, watch);
	const struct slice argv[] = { slice_str("PSUBSCRIBE"), slice_str(r->channels) };

	link_send(l, on_notification, NULL, 2, argv);
}

static void
note_unwatchable(struct redis *r, const char *why)
{
	char name[LOG_VALUE_MAX], reason[LOG_VALUE_MAX];

	r->unwatchable = true;
	log_warn("notifications=refused source=%s why=%s",
	    log_value(slice_str(r->conf->name), name), log_value(slice_str(why), reason));
}

/*
 * The next scan tries again, but with polling off there may be none: set a timer, unless more
 * attempts are no use.
 */
static void
watch_down(struct link *l, enum link_trouble trouble, const char *why)
{
	struct redis *r = EV_CONTAINER(l, struct redis, watch);

	log_debug("no notifications: %s", why);
	if (trouble == LINK_REFUSED && !r->unwatchable)
		note_unwatchable(r, why);
	if (trouble == LINK_UNREACHABLE) {
		if (r->watched)
			r->news = NEWS_MISSED;
		ev_timer_in(r->ev, &r->retry, RETRY_MAX_MS);
	}
	r->watched = false;
}

/* A server that refuses CONFIG may still send notifications. */
static void
on_config(redisAsyncContext *ac, void *data, void *arg)
{
	redisReply *reply = data;
	struct link *l = link_heard(ac, reply);
	struct redis *r;
	bool on = true;

	(void)arg;
	if (l == NULL)
		return;
	r = EV_CONTAINER(l, struct redis, main);
	if (reply->type == REDIS_REPLY_ARRAY)
		on = reply->elements == 2 && reply->element[1]->str != NULL &&
		    strchr(reply->element[1]->str, 'K') != NULL;
	if (!on) {
		r->watched = false;
		link_close(&r->watch);
	} else if (!link_is_open(&r->watch)) {
		link_open(&r->watch);
	}
}

/* A master that the sentinels have replaced may still be running, with stale data. */
static void
on_role(redisAsyncContext *ac, void *data, void *arg)
{
	redisReply *reply = data;
	struct link *l = link_heard(ac, reply);

	(void)arg;
	if (l != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
	    reply->element[0]->str != NULL && strcmp(reply->element[0]->str, "master") != 0)
		link_fail(l, LINK_UNREACHABLE, "it is no longer the master");
}

void
redis_scan(struct redis *r)
{
	const struct slice role[] = { slice_str("ROLE") };
	const struct slice config[] = { slice_str("CONFIG"), slice_str("GET"),
		slice_str("notify-keyspace-events") };

	r->again = r->scan != SCAN_NONE;
	if (r->again || !redis_is_up(r))
		return;
	r->scan = SCAN_STEPS;
	if (r->news == NEWS_MISSED)
		r->news = NEWS_CATCHING_UP;
	r->ops->scan_begins(r->arg);
	if (r->conf->source->kind == SOURCE_SENTINEL)
		link_send(&r->main, on_role, NULL, 1, role);
	link_send(&r->main, on_config, NULL, 3, config);
	scan_step(r, slice_str("0"));
}

/* ---- writing ---- */

static void
write_key(struct redis *r, redisCallbackFn *fn, size_t argc, const struct slice *argv)
{
	if (link_send(&r->main, fn, NULL, argc, argv))
		r->writes++;
}

static void
on_written(redisAsyncContext *ac, void *data, void *arg)
{
	redisReply *reply = data;
	struct link *l = link_heard(ac, reply);
	struct redis *r;

	(void)arg;
	if (l == NULL)
		return;
	r = EV_CONTAINER(l, struct redis, main);
	if (reply->type == REDIS_REPLY_ERROR) {
		link_fail_reply(l, reply);
		return;
	}
	if (--r->writes == 0 && !link_is_failing(l)) {
		redis_good(r);
		r->ops->written(r->arg);
	}
}

static struct slice
number_text(uint64_t n, char out[static NUMBER_MAX])
{
	return slice_of(out, (size_t)snprintf(out, NUMBER_MAX, "%" PRIu64, n));
}

void
redis_set(struct redis *r, struct slice key, struct slice value, uint64_t ttl_ms)
{
	char room[NUMBER_MAX];
	const struct slice argv[] = { slice_str("SET"), key, value, slice_str("PX"),
		number_text(ttl_ms, room) };

	write_key(r, on_written, ttl_ms == 0 ? 3 : 5, argv);
}

static void
on_renewed(redisAsyncContext *ac, void *data, void *arg)
{
	const redisReply *reply = data;
	struct link *l = ac->data;
	struct redis *r;

	if (l != NULL && reply != NULL && reply->type == REDIS_REPLY_INTEGER &&
	    reply->integer == 0) {
		r = EV_CONTAINER(l, struct redis, main);
		r->ops->lost(r->arg);
	}
	on_written(ac, data, arg);
}

void
redis_renew(struct redis *r, struct slice key, uint64_t ttl_ms)
{
	char room[NUMBER_MAX];
	const struct slice argv[] = { slice_str("PEXPIRE"), key, number_text(ttl_ms, room) };

	write_key(r, on_renewed, 3, argv);
}

void
redis_delete(struct redis *r, struct slice key)
{
	const struct slice argv[] = { slice_str("DEL"), key };

	write_key(r, on_written, 2, argv);
}

/* ---- life ---- */

/* A glob pattern for our keys: anything before the prefix, whose special characters are escaped. */
static char *
make_pattern(const char *prefix)
{
	char *out = malloc(2 * strlen(prefix) + 8), *at = out;

	if (out == NULL)
		return NULL;
	*at++ = '*';
	for (prefix += strspn(prefix, "/"); *prefix != '\0'; prefix++) {
		if (strchr("*?[]^-\\", *prefix) != NULL)
			*at++ = '\\';
		*at++ = *prefix;
	}
	strcpy(at, "[ls]*");	/* live/, service/, services/ */
	return out;
}

static void
set_up_link(struct redis *r, struct link *l)
{
	l->ev = r->ev;
	l->conf = r->conf;
	l->resolver = r->resolver;
	l->up = l == &r->main ? main_up : watch_up;
	l->down = l == &r->main ? main_down : watch_down;
}

struct redis *
redis_new(struct ev *ev, const struct redis_conf *conf, const struct redis_ops *ops, void *arg)
{
	struct redis *r = calloc(1, sizeof(*r));
	int n = 0;

	if (r == NULL)
		return NULL;
	r->ev = ev;
	r->conf = conf;
	r->ops = ops;
	r->arg = arg;
	r->retry.cb = on_retry;
	r->resolver = resolver_new(ev, 0);
	r->pattern = make_pattern(conf->prefix);
	if (r->pattern != NULL)
		n = asprintf(&r->channels, "__keyspace@%" PRIu64 "__:%s", conf->source->db,
		    r->pattern);
	if (r->resolver == NULL || n <= 0) {
		redis_free(r);
		return NULL;
	}
	r->channel_prefix = (size_t)n - strlen(r->pattern);
	set_up_link(r, &r->main);
	set_up_link(r, &r->watch);
	return r;
}

void
redis_open(struct redis *r)
{
	start_anew(r);
	link_open(&r->main);
}

void
redis_free(struct redis *r)
{
	if (r == NULL)
		return;
	link_close(&r->main);
	link_close(&r->watch);
	ev_timer_at(r->ev, &r->retry, 0);
	resolver_free(r->resolver);
	free(r->pattern);
	free(r->channels);
	free(r);
}

void
redis_out_of_memory(struct redis *r)
{
	link_fail_soon(&r->main);
}

bool
redis_is_up(const struct redis *r)
{
	return r->main.is_up;
}

bool
redis_is_watched(const struct redis *r)
{
	return r->watched;
}

unsigned
redis_unread(const struct redis *r)
{
	return r->news == NEWS_READ ? r->singles : UINT_MAX;
}

bool
redis_is_scanning(const struct redis *r)
{
	return r->scan != SCAN_NONE;
}
