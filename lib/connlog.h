/* SPDX-License-Identifier: ISC */
/* The one line every connection ends with; the fields are the same in every tool. */
#ifndef CONNLOG_H
#define CONNLOG_H

#include <stdint.h>

#include "addr.h"
#include "hello.h"
#include "slice.h"

/* How a connection ended. */
enum conn_end {
	END_CLOSED,		/* the normal end */
	END_PASSED,		/* handed over */
	END_CLIENT_RESET,
	END_TARGET_RESET,
	END_IDLE,		/* --idle-timeout */
	END_HALF_CLOSE,		/* --half-close-timeout */
	END_HELLO,		/* the hello's verdict says why */
	END_NO_ROUTE,
	END_DENIED,
	END_LIMIT,
	END_UNREACHABLE,
	END_DRAIN,
	END_COUNT
};

/*
 * The exit code of a process that served one connection: 0 served, 100 refused (a restart will not
 * help), 111 failed. For END_HELLO it depends on verdict.
 */
int conn_end_exit(enum conn_end end, enum hello_verdict verdict);

struct connlog {
	uint64_t id;
	struct endpoint peer;
	struct slice name;	/* absent fields are written as "-" */
	struct slice route;
	struct slice target;
	enum hello_verdict hello;
	uint64_t rx, tx;	/* payload bytes from and to the client */
	uint64_t ms;		/* since it was accepted */
	enum conn_end end;
};

/* Log it at level info. */
void connlog_write(const struct connlog *line);

#endif
