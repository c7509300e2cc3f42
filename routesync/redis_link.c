/* SPDX-License-Identifier: ISC */
/* One connection to the store. */
#include "redis_link.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "log.h"
#include "num.h"
#include "password.h"
#include "redis_ev.h"
#include "redis_tls.h"
#include "sock.h"

#define SILENCE_MS 5000		/* with replies outstanding, after this long it is dead */
#define BEAT_MS 5000u		/* with none outstanding, TCP probes the other side this often */
#define DEAD_MS 15000u		/* and gives up after this long without an answer */

/*
 *   closed --link_open--> RESOLVE --> CONNECT, HELLO --last reply--> up --lost--> closed
 *                            ^              |
 *                            '--------------'  (to the master a sentinel names, or to the next)
 */
static void try_next(struct link *l);
static void connect_ip(struct link *l);

/* ---- the end ---- */

/*
 * hiredis may be in the middle of a callback: it frees the context when that returns,
 * and we forget it now.
 */
static void
forget(struct link *l)
{
	redisAsyncContext *ac = l->ac;

	resolver_cancel(&l->question);
	ev_timer_at(l->ev, &l->silence, 0);
	ev_timer_at(l->ev, &l->failing, 0);
	l->waiting = 0;
	l->is_up = false;
	l->ac = NULL;
	if (ac != NULL)
		ac->data = NULL;
}

void
link_close(struct link *l)
{
	redisAsyncContext *ac = l->ac;

	forget(l);
	if (ac != NULL)
		redisAsyncFree(ac);
}

/*
 * Another address of the name may work, or another sentinel may know better: one that is cut off
 * from the others names a master that is gone, or a replica.
 */
static void
lost(struct link *l, enum link_trouble trouble, const char *why)
{
	const char *tls = redis_tls_why();

	if (trouble == LINK_UNREACHABLE && l->next_addr < l->naddrs)
		connect_ip(l);
	else if ((l->asking || trouble == LINK_UNREACHABLE) && l->servers.p != NULL)
		try_next(l);
	else
		l->down(l, trouble, tls != NULL ? tls : why);
}

void
link_fail(struct link *l, enum link_trouble trouble, const char *why)
{
	char copy[LOG_VALUE_CUT + FILE_WHY_MAX];

	snprintf(copy, sizeof(copy), "%s", why);	/* why may point into the context */
	link_close(l);
	lost(l, trouble, copy);
}

/* Errors from a server that is starting or has lost its master are not refusals. */
static enum link_trouble
trouble_of(const char *error)
{
	static const char *const passing[] = { "LOADING ", "MASTERDOWN ", "BUSY ", "TRYAGAIN ",
		"CLUSTERDOWN " };

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (strncmp(error, passing[i], strlen(passing[i])) == 0)
			return LINK_UNREACHABLE;
	return LINK_REFUSED;
}

/*
 * A server that does not know a command repeats it with its arguments,
 * including values: leave them out.
 */
void
link_fail_reply(struct link *l, const redisReply *error)
{
	const char *end;
	char why[256];

	if (error->type != REDIS_REPLY_ERROR) {
		link_fail(l, LINK_REFUSED, "an unexpected reply");
		return;
	}
	end = strstr(error->str, ", with args");
	snprintf(why, sizeof(why), "%.*s",
	    (int)(end == NULL ? error->len : (size_t)(end - error->str)), error->str);
	link_fail(l, trouble_of(error->str), why);
}

static void
on_connect(const redisAsyncContext *ac, int status)
{
	struct link *l = ac->data;

	if (l == NULL || status == REDIS_OK)
		return;
	forget(l);		/* hiredis frees it */
	lost(l, LINK_UNREACHABLE, ac->c.errstr[0] != '\0' ? ac->c.errstr : "connect failed");
}

/* An error in reply to PSUBSCRIBE is the end of the connection, too, for hiredis. */
static void
on_disconnect(const redisAsyncContext *ac, int status)
{
	struct link *l = ac->data;
	const char *why = ac->errstr != NULL && ac->errstr[0] != '\0' ? ac->errstr :
	    "connection closed";

	(void)status;
	if (l == NULL)
		return;
	forget(l);		/* hiredis frees it */
	lost(l, strncmp(why, "NOPERM ", 7) == 0 ? LINK_REFUSED : LINK_UNREACHABLE, why);
}

static void
on_silence(struct ev_timer *t)
{
	struct link *l = EV_CONTAINER(t, struct link, silence);
	uint64_t quiet = ev_now_ms(l->ev) - l->heard_ms;

	if (quiet < SILENCE_MS)
		ev_timer_in(l->ev, t, SILENCE_MS - quiet);
	else
		link_fail(l, LINK_UNREACHABLE, "no answer");
}

static void
on_failing(struct ev_timer *t)
{
	link_fail(EV_CONTAINER(t, struct link, failing), LINK_UNREACHABLE, "out of memory");
}

void
link_fail_soon(struct link *l)
{
	ev_timer_in(l->ev, &l->failing, 1);
}

bool
link_is_failing(const struct link *l)
{
	return l->failing.due_ms != 0;
}

/* ---- commands ---- */

static void
expect_reply(struct link *l)
{
	if (l->waiting++ > 0)
		return;
	l->heard_ms = ev_now_ms(l->ev);
	ev_timer_in(l->ev, &l->silence, SILENCE_MS);
}

struct link *
link_heard(redisAsyncContext *ac, const redisReply *reply)
{
	struct link *l = ac->data;

	if (l == NULL || reply == NULL)
		return NULL;
	if (l->waiting > 0 && --l->waiting == 0)
		ev_timer_at(l->ev, &l->silence, 0);
	return l;
}

static bool
send_command(struct link *l, redisCallbackFn *fn, void *arg, size_t argc, const struct slice *argv)
{
	const char *text[LINK_WORDS_MAX];
	size_t len[LINK_WORDS_MAX];

	assert(argc <= LINK_WORDS_MAX);
	for (size_t i = 0; i < argc; i++) {
		text[i] = argv[i].p;
		len[i] = argv[i].len;
	}
	return redisAsyncCommandArgv(l->ac, fn, arg, (int)argc, text, len) == REDIS_OK;
}

/* Once one command could not be sent, sending others makes no sense. */
bool
link_send(struct link *l, redisCallbackFn *fn, void *arg, size_t argc, const struct slice *argv)
{
	if (link_is_failing(l))
		return false;
	if (send_command(l, fn, arg, argc, argv)) {
		expect_reply(l);
		return true;
	}
	link_fail_soon(l);
	return false;
}

/* ---- greeting ---- */

static void
hello_done(struct link *l)
{
	l->is_up = true;
	l->naddrs = 0;
	l->servers = slice_of(NULL, 0);
	l->up(l);
}

/* What to do about some errors of AUTH, by what is in them; "" where nothing is known. */
static const char *
auth_advice(const char *error)
{
	static const struct {
		const char *part, *advice;
	} known[] = {
		{ "WRONGPASS", ": check --password-file, USER@, and that the user is enabled" },
		/* Before Redis 6, as the next two. */
		{ "invalid password", ": check --password-file" },
		{ "but no password is set",
		    ": the server has no password, leave out --password-file" },
		{ "wrong number of arguments", ": the server knows no users, leave out USER@" },
		{ "without any password configured", ": the server's default user has no password, "
		    "leave out --password-file or name a USER@" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(error, known[i].part) != NULL)
			return known[i].advice;
	return "";
}

/* An error may quote the password: show only its first word. */
static void
on_auth(redisAsyncContext *ac, void *data, void *arg)
{
	redisReply *reply = data;
	struct link *l = link_heard(ac, reply);
	char why[256];

	(void)arg;
	if (l == NULL || reply->type != REDIS_REPLY_ERROR)
		return;
	snprintf(why, sizeof(why), "AUTH: %.*s%s", (int)strcspn(reply->str, " \r\n"), reply->str,
	    auth_advice(reply->str));
	link_fail(l, LINK_REFUSED, why);
}

static void
on_hello(redisAsyncContext *ac, void *data, void *arg)
{
	redisReply *reply = data;
	struct link *l = link_heard(ac, reply);
	bool last = arg != NULL;

	if (l == NULL)
		return;
	if (reply->type == REDIS_REPLY_ERROR)
		link_fail_reply(l, reply);
	else if (last)
		hello_done(l);
}

/* Sentinels may name a server that is no longer the master, or not yet. */
static void
on_role(redisAsyncContext *ac, void *data, void *arg)
{
	redisReply *reply = data;
	struct link *l = link_heard(ac, reply);

	(void)arg;
	if (l == NULL)
		return;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 ||
	    reply->element[0]->str == NULL)
		link_fail_reply(l, reply);
	else if (strcmp(reply->element[0]->str, "master") != 0)
		link_fail(l, LINK_UNREACHABLE, "the master named by the sentinels is a replica");
	else
		hello_done(l);
}

/* A user that needs no password may be given any: the empty one. False: it has failed. */
static bool
send_auth(struct link *l)
{
	struct slice argv[3] = { slice_str("AUTH") };
	const struct source *s = l->conf->source;
	char password[PASSWORD_MAX + 1] = "", text[LOG_VALUE_CUT + FILE_WHY_MAX], why[FILE_WHY_MAX];
	size_t n = 1;

	if (l->conf->password_file == NULL && s->user.p == NULL)
		return true;
	if (l->conf->password_file != NULL &&
	    !password_read(l->conf->password_file, password, why)) {
		snprintf(text, sizeof(text), "--password-file %s: %s", l->conf->password_file, why);
		link_fail(l, LINK_REFUSED, text);
		return false;
	}
	if (s->user.p != NULL)
		argv[n++] = s->user;
	argv[n++] = slice_str(password);
	link_send(l, on_auth, NULL, n, argv);
	explicit_bzero(password, sizeof(password));
	return true;
}

static void
say_hello(struct link *l)
{
	const struct source *s = l->conf->source;
	struct slice argv[2] = { slice_str("SELECT") };
	char db[24];

	if (!send_auth(l))
		return;
	if (s->db != 0) {
		snprintf(db, sizeof(db), "%" PRIu64, s->db);
		argv[1] = slice_str(db);
		link_send(l, on_hello, NULL, 2, argv);
	}
	argv[0] = slice_str("ROLE");
	if (s->kind == SOURCE_SENTINEL) {
		link_send(l, on_role, NULL, 1, argv);
		return;
	}
	argv[0] = slice_str("PING");
	link_send(l, on_hello, l, 1, argv);
}

/* ---- sentinels ---- */

static void connect_to(struct link *l, const struct addr *a);

/* Each sentinel may name the same one, and each try may take the time of silence. */
static bool
was_in_vain(const struct link *l, const struct endpoint *master)
{
	return endpoint_is_ip(master) && endpoint_same_ip(master, &l->master) &&
	    master->port == l->master.port;
}

static void
dial_master(struct link *l, const struct addr *a)
{
	char text[ENDPOINT_TEXT_MAX], why[ENDPOINT_TEXT_MAX + 64];

	if (was_in_vain(l, &a->ip)) {
		snprintf(why, sizeof(why), "the sentinels name %s, which was tried in vain",
		    endpoint_text(&a->ip, text));
		link_fail(l, LINK_UNREACHABLE, why);
		return;
	}
	l->master = a->ip;
	link_close(l);
	l->asking = false;
	connect_to(l, a);
}

static void
on_master(redisAsyncContext *ac, void *data, void *arg)
{
	redisReply *reply = data;
	struct link *l = link_heard(ac, reply);
	char host[HOST_MAX + 1] = "";
	struct addr a = { .kind = ADDR_IP };
	uint64_t port = 0;

	(void)arg;
	if (l == NULL)
		return;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	    reply->element[0]->str != NULL && reply->element[1]->str != NULL) {
		snprintf(host, sizeof(host), "%s", reply->element[0]->str);
		num_parse(slice_str(reply->element[1]->str), 1, 65535, &port);
	}
	if (port == 0) {
		link_fail(l, LINK_UNREACHABLE, reply->type == REDIS_REPLY_ERROR ? reply->str :
		    "the sentinel does not know this master");
		return;
	}
	if (!endpoint_parse_ip(slice_str(host), &a.ip)) {
		a.kind = ADDR_HOST;
		a.host = slice_str(host);
	}
	a.ip.port = (uint16_t)port;
	dial_master(l, &a);
}

static void
ask_sentinel(struct link *l)
{
	const struct slice argv[3] = { slice_str("SENTINEL"), slice_str("get-master-addr-by-name"),
		l->conf->source->master };

	link_send(l, on_master, NULL, 3, argv);
}

/* ---- connecting ---- */

static void
begin(struct link *l, redisAsyncContext *ac)
{
	if (ac == NULL || ac->err != 0 || redis_attach(ac, l->ev, &l->heard_ms) == -1) {
		char why[128];

		snprintf(why, sizeof(why), "%s",
		    ac != NULL && ac->err != 0 ? ac->errstr : "out of memory");
		if (ac != NULL)
			redisAsyncFree(ac);
		lost(l, LINK_UNREACHABLE, why);
		return;
	}
	l->ac = ac;
	ac->data = l;
	if (l->conf->source->kind != SOURCE_UNIX)
		sock_keep_alive(ac->c.fd, BEAT_MS, DEAD_MS);
	if (l->conf->source->kind == SOURCE_TLS && !redis_tls_start(ac, l->conf->source)) {
		link_fail(l, LINK_UNREACHABLE, ac->c.errstr);
		return;
	}
	redisAsyncSetDisconnectCallback(ac, on_disconnect);
	redisAsyncSetConnectCallback(ac, on_connect);
	if (l->asking)
		ask_sentinel(l);
	else
		say_hello(l);
}

static void
connect_ip(struct link *l)
{
	char text[ENDPOINT_TEXT_MAX];

	endpoint_ip_text(&l->addrs[l->next_addr++], text);
	begin(l, redisAsyncConnect(text, l->port));
}

static void
on_resolved(struct resolve *q, const struct endpoint *addrs, size_t n)
{
	struct link *l = EV_CONTAINER(q, struct link, question);

	if (n == 0) {
		lost(l, LINK_UNREACHABLE, "the host name has no address");
		return;
	}
	l->naddrs = n < LINK_ADDRS ? n : LINK_ADDRS;
	memcpy(l->addrs, addrs, l->naddrs * sizeof(*addrs));
	connect_ip(l);
}

static void
connect_to(struct link *l, const struct addr *a)
{
	l->port = a->ip.port;
	l->question.cb = on_resolved;
	l->next_addr = l->naddrs = 0;
	if (a->kind == ADDR_IP) {
		on_resolved(&l->question, &a->ip, 1);
		return;
	}
	resolver_doubt(l->resolver, a->host);	/* it led to the connection that is gone */
	resolver_ask(l->resolver, &l->question, a->host);
}

static void
try_next(struct link *l)
{
	struct addr a;

	l->asking = l->conf->source->kind == SOURCE_SENTINEL;
	source_next(l->conf->source, &l->servers, &a);
	connect_to(l, &a);
}

void
link_open(struct link *l)
{
	const struct source *s = l->conf->source;
	char path[108];

	link_close(l);
	l->naddrs = 0;
	l->silence.cb = on_silence;
	l->failing.cb = on_failing;
	l->servers = s->servers;
	l->master.family = AF_UNSPEC;
	if (s->kind != SOURCE_UNIX) {
		try_next(l);
		return;
	}
	snprintf(path, sizeof(path), SLICE_FMT, SLICE_ARG(s->path));
	begin(l, redisAsyncConnectUnix(path));
}

bool
link_is_open(const struct link *l)
{
	return l->ac != NULL || l->question.name != NULL;
}
