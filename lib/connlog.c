/* SPDX-License-Identifier: ISC */
/* One connection, one line. */
#include "connlog.h"

#include <inttypes.h>

#include "log.h"

const char *
conn_end_word(enum conn_end end)
{
	static const char *const word[] = {
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

	return word[end];
}

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

void
connlog_write(const struct connlog *l)
{
	char peer[ENDPOINT_TEXT_MAX], name[LOG_VALUE_MAX], route[LOG_VALUE_MAX], target[LOG_VALUE_MAX];

	if (!log_wants(LOG_LEVEL_INFO))
		return;
	log_info("conn=%" PRIu64 " peer=%s name=%s route=%s target=%s hello=%s rx=%" PRIu64 " tx=%" PRIu64
	    " ms=%" PRIu64 " end=%s", l->id, endpoint_text(&l->peer, peer), log_value(l->name, name),
	    log_value(l->route, route), log_value(l->target, target), hello_word(l->hello), l->rx, l->tx, l->ms,
	    conn_end_word(l->end));
}
