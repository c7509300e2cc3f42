/* SPDX-License-Identifier: ISC */
/* Log lines on standard error, escaping, and the exit codes. Nothing else writes there. */
#ifndef LOG_H
#define LOG_H

#include <errno.h>
#include <stdbool.h>

#include "text.h"

/* Exit codes of all tools; 0: asked to stop, or done. */
enum {
	EXIT_USAGE = 100,	/* wrong usage or a malformed file: a restart will not help */
	EXIT_TEMP = 111		/* the system said no: a supervisor may retry */
};

/* The worse of two exit codes: what is wrong stays so, what the system refused may work later. */
static inline int
exit_worse(int a, int b)
{
	return a == EXIT_USAGE || b == 0 ? a : b;
}

/*
 * The exit code for a file that is of no use, errno being 0 if the file itself is at fault, as
 * file_read() leaves it. What the system refused may be allowed later; to --check it is just wrong.
 */
static inline int
exit_for_file(bool check)
{
	return errno != 0 && !check ? EXIT_TEMP : EXIT_USAGE;
}

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

#define LOG_LINE_MAX 3072u	/* bytes of one line; longer ones are cut */

/*
 * Set the tool's name (borrowed for the life of the process) and how much to log; with_time puts an
 * RFC 3339 UTC stamp first.
 */
void log_init(const char *tool, enum log_level max, bool with_time);

/*
 * One line "TOOL: LEVEL: TEXT\n", control and non-ASCII bytes of TEXT as \xNN. Lines are gathered
 * and written by log_turn() or log_flush(); errors and warnings are written at once, after what was
 * gathered. Main thread only.
 */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool log_wants(enum log_level level);

/*
 * The same as log_error(), for a check that finds something wrong and goes on to the next:
 * returns result.
 */
int log_wrong(int result, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * For a line at level info that is written too often for printf(3): returns its beginning, to
 * append to; log_text_done() then adds it to those gathered. Nothing may be logged in between, and
 * log_wants(LOG_LEVEL_INFO) is the caller's to ask.
 */
struct text log_text(void);
void log_text_done(struct text *line);

/*
 * For threads other than the main one: a line written at once by one write(2), or dropped as
 * log_flush() says.
 */
void log_from_thread(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Write what was gathered. A standard error nobody reads never blocks us: lines that a full pipe or
 * disk has no room for are dropped, and their number is logged before the next line that has room;
 * by this, also if there is no line.
 */
void log_flush(void);

/* In a child that goes on: what was dropped until now is its parent's to report. */
void log_forked(void);

/*
 * For ev_before_wait(): writes what was gathered, unless it did so less than 10 ms ago: a single
 * line is written at once, those of a busy tool many at a time. Returns how many milliseconds may
 * pass until the next call, -1: any.
 */
int log_turn(uint64_t now_ms);

/*
 * A line without TOOL and LEVEL, written at once and blocking: the output of --check. arg is not
 * looked at: it is there for those who tell what is wrong with a file, as a routes_report does.
 */
void log_bare(void *arg, const char *text);

/*
 * To be called when all standard output is written: if some could not be (a full disk), says so and
 * exits EXIT_TEMP. For one-shot commands, whose output is their whole purpose.
 */
void log_stdout_done(void);

/*
 * Log as an error and exit; die() appends the reason in errno, diex() does not. Only for what reads
 * the command line (main.c, options.c, opts.c, startup.c), and for a loop that cannot go on (ev.c).
 */
void die(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
void diex(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));

#define LOG_VALUE_CUT 256u	/* bytes of a value; the rest is cut off */
#define LOG_VALUE_MAX 1600u	/* room for that many, each as \u00NN, two quotes and a NUL */

/*
 * A value from outside as one logfmt word in out, which is returned: "-" when absent; as it is
 * when it holds only letters, digits and the marks - . _ : / * [ ] @ + , and otherwise quoted,
 * with '"' and '\' preceded by a '\' and every control or non-ASCII byte NN as \u00NN, which
 * readers of logfmt know (RFC 8259 7).
 */
const char *log_value(struct slice value, char out[static LOG_VALUE_MAX]);

/* The same, appended to a text. */
void log_add_value(struct text *t, struct slice value);

#endif
