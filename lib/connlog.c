/* SPDX-License-Identifier: ISC */
/* One connection, one line. */
#include "connlog.h"

#include "log.h"

static const char *const end_word[] = {
	[END_CLOSED] = "closed",
	[END_PASSED] = "passed",
	[END_CLIENT_RESET] = "client-reset",
	[END_TARGET_RESET] = "target-reset",
	[END_IDLE] = "idle",
	[END_HALF_CLOSE] = "half-close",
	[END_HELLO] = "hello",
	[END_NO_ROUTE] = "no-route",
	[END_DENIED] = "denied",
	[END_LIMIT] = "limit",
	[END_UNREACHABLE] = "unreachable",
	[END_DRAIN] = "drain",
};

int
conn_end_exit(enum conn_end end, enum hello_verdict verdict)
{
	switch (end) {
	case END_CLOSED:
	case END_PASSED:
	case END_DRAIN:
		return 0;
	case END_HELLO:
		return verdict == HELLO_TIMEOUT || verdict == HELLO_EOF ? EXIT_TEMP : EXIT_USAGE;
	case END_NO_ROUTE:
	case END_DENIED:
		return EXIT_USAGE;
	case END_CLIENT_RESET:
	case END_TARGET_RESET:
	case END_IDLE:
	case END_HALF_CLOSE:
	case END_LIMIT:
	case END_UNREACHABLE:
	case END_COUNT:
		break;
	}
	return EXIT_TEMP;
}

static void
add_number(struct text *t, const char *key, uint64_t n)
{
	text_str(t, key);
	text_number(t, n);
}

static void
add_value(struct text *t, const char *key, struct slice value)
{
	text_str(t, key);
	log_add_value(t, value);
}

static void
add_word(struct text *t, const char *key, const char *word)
{
	text_str(t, key);
	text_str(t, word);
}

void
connlog_write(const struct connlog *l)
{
	char peer[ENDPOINT_TEXT_MAX];
	struct text t;

	if (!log_wants(LOG_LEVEL_INFO))
		return;
	t = log_text();
	add_number(&t, "conn=", l->id);
	add_word(&t, " peer=", endpoint_text(&l->peer, peer));
	add_value(&t, " name=", l->name);
	add_value(&t, " route=", l->route);
	add_value(&t, " target=", l->target);
	add_word(&t, " hello=", hello_word(l->hello));
	add_number(&t, " rx=", l->rx);
	add_number(&t, " tx=", l->tx);
	add_number(&t, " ms=", l->ms);
	add_word(&t, " end=", end_word[l->end]);
	log_text_done(&t);
}
