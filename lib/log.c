/* SPDX-License-Identifier: ISC */
/* Log lines: gathered in one buffer and written from time to time, in pieces a pipe takes whole. */
#include "log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 10		/* between two writes of log_turn() */
#define GATHER_MAX (64u * 1024u)	/* held between two flushes; a full buffer flushes itself */

static struct {
	const char *tool;
	enum log_level max;
	bool with_time;
	bool always_room;	/* standard error is a file: writes never wait */
	bool torn;		/* the last write ended within a line */
	size_t len;
	uint64_t flushed_ms;	/* by log_turn() */
	atomic_ulong dropped;	/* lines, those of threads included */
} lg = { .tool = "tcproute", .max = LOG_LEVEL_INFO };

static char gathered[GATHER_MAX];

static const char *const level_name[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

void
log_init(const char *tool, enum log_level max, bool with_time)
{
	struct stat st;

	lg.tool = tool;
	lg.max = max;
	lg.with_time = with_time;
	lg.always_room = fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
}

bool
log_wants(enum log_level level)
{
	return level <= lg.max;
}

/* "2026-01-31T12:00:00.123Z " */
static size_t
put_time(char *out, size_t size)
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(out, size, "%Y-%m-%dT%H:%M:%S", &tm);
	return n + (size_t)snprintf(out + n, size - n, ".%03ldZ ", now.tv_nsec / 1000000);
}

/* Begin a line, leaving room for its newline. */
static struct text
begin_line(char out[static LOG_LINE_MAX], enum log_level level)
{
	struct text t = text_in(out, LOG_LINE_MAX - 1);

	if (lg.with_time)
		t.at += put_time(out, LOG_LINE_MAX);
	text_str(&t, lg.tool);
	text_str(&t, ": ");
	text_str(&t, level_name[level]);
	text_str(&t, ": ");
	return t;
}

static void
add_hex(struct text *t, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	const char digits[] = { hex[c >> 4], hex[c & 15] };

	text_add(t, slice_of(digits, sizeof(digits)));
}

/* Unprintable bytes, from a file name, say, must not reach a terminal. */
static void
add_visible(struct text *t, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text >= ' ' && *text <= '~') {
			text_add(t, slice_of(text, 1));
		} else {
			text_str(t, "\\x");
			add_hex(t, (uint8_t)*text);
		}
	}
}

/* The whole line with its newline; what does not fit is cut, but not the newline. */
__attribute__((format(printf, 3, 0)))
static size_t
put_line(char out[static LOG_LINE_MAX], enum log_level level, const char *fmt, va_list ap)
{
	struct text t = begin_line(out, level);
	char text[LOG_LINE_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	add_visible(&t, text);
	*t.at = '\n';
	return (size_t)(t.at - out) + 1;
}

static bool
stderr_has_room(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return lg.always_room || (poll(&p, 1, 0) == 1 && (p.revents & (POLLOUT | POLLERR)) != 0);
}

/*
 * The longest run of whole lines that a pipe takes in one piece,
 * so that lines of two processes never mix.
 */
static size_t
piece_len(const char *p, size_t len)
{
	const char *nl;

	if (len <= PIPE_BUF)
		return len;
	nl = memrchr(p, '\n', PIPE_BUF);
	return nl == NULL ? len : (size_t)(nl - p) + 1;
}

static unsigned long
count_lines(const char *p, size_t len)
{
	unsigned long n = 0;

	for (size_t i = 0; i < len; i++)
		n += p[i] == '\n';
	return n;
}

/* How many of the bytes were written: fewer than all on a full disk, for instance. */
static size_t
write_all(const char *p, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t w = write(STDERR_FILENO, p + done, len - done);

		if (w > 0)
			done += (size_t)w;
		else if (w == 0 || errno != EINTR)
			break;
	}
	return done;
}

/* False: no room for that line either. */
static bool
report_dropped(void)
{
	unsigned long dropped = atomic_exchange(&lg.dropped, 0);
	char line[1 + LOG_LINE_MAX] = "\n";
	struct text t = begin_line(line + 1, LOG_LEVEL_WARN);
	const char *from = lg.torn ? line : line + 1;
	size_t n, w;

	text_str(&t, lg.always_room ? "standard error had no room: " :
	    "standard error was not read: ");
	text_number(&t, dropped);
	text_str(&t, " lines dropped\n");
	n = (size_t)(t.at - from);
	w = write_all(from, n);
	if (w > 0)
		lg.torn = from[w - 1] != '\n';
	if (w < n)
		lg.dropped += dropped;
	return w == n;
}

void
log_flush(void)
{
	size_t at = 0;
	int saved = errno;

	if (lg.len == 0 && lg.dropped > 0 && stderr_has_room())
		(void)report_dropped();		/* at exit, say: no line will follow */
	while (at < lg.len && stderr_has_room() && (lg.dropped == 0 || report_dropped())) {
		size_t n = lg.always_room ? lg.len - at : piece_len(gathered + at, lg.len - at);
		size_t w = write_all(gathered + at, n);

		at += w;
		lg.torn = w > 0 && gathered[at - 1] != '\n';
		if (w < n)
			break;
	}
	lg.dropped += count_lines(gathered + at, lg.len - at);
	lg.len = 0;
	errno = saved;
}

void
log_forked(void)
{
	lg.dropped = 0;
}

int
log_turn(uint64_t now_ms)
{
	uint64_t since_ms = now_ms - lg.flushed_ms;

	if (lg.len == 0)
		return -1;
	if (since_ms < PAUSE_MS)
		return (int)(PAUSE_MS - since_ms);
	lg.flushed_ms = now_ms;
	log_flush();
	return -1;
}

/* Where the next line goes. */
static char *
next_line(void)
{
	if (GATHER_MAX - lg.len < LOG_LINE_MAX)
		log_flush();
	return gathered + lg.len;
}

struct text
log_text(void)
{
	return begin_line(next_line(), LOG_LEVEL_INFO);
}

void
log_text_done(struct text *t)
{
	*t->at = '\n';
	lg.len = (size_t)(t->at - gathered) + 1;
}

__attribute__((format(printf, 2, 0)))
static void
gather(enum log_level level, const char *fmt, va_list ap)
{
	if (level > lg.max)
		return;
	lg.len += put_line(next_line(), level, fmt, ap);
	if (level <= LOG_LEVEL_WARN)
		log_flush();
}

#define GATHER(level)                                                                              \
	do {                                                                                       \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		gather(level, fmt, ap);                                                            \
		va_end(ap);                                                                        \
	} while (0)

void
log_error(const char *fmt, ...)
{
	GATHER(LOG_LEVEL_ERROR);
}

int
log_wrong(int result, const char *fmt, ...)
{
	GATHER(LOG_LEVEL_ERROR);
	return result;
}

void
log_warn(const char *fmt, ...)
{
	GATHER(LOG_LEVEL_WARN);
}

void
log_info(const char *fmt, ...)
{
	GATHER(LOG_LEVEL_INFO);
}

void
log_debug(const char *fmt, ...)
{
	GATHER(LOG_LEVEL_DEBUG);
}

void
log_from_thread(enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	va_list ap;
	size_t n;

	if (level > lg.max)
		return;
	va_start(ap, fmt);
	n = put_line(line, level, fmt, ap);
	va_end(ap);
	if (!stderr_has_room() || write_all(line, n) < n)
		lg.dropped++;
}

void
log_bare(void *arg, const char *text)
{
	char line[4 * LOG_LINE_MAX];	/* paths may be long, and escapes make them longer */
	struct text t = text_in(line, sizeof(line) - 1);

	(void)arg;
	add_visible(&t, text);
	*t.at = '\n';
	write_all(line, (size_t)(t.at - line) + 1);
}

void
die(int code, const char *fmt, ...)
{
	char text[LOG_LINE_MAX / 2];
	const char *reason = strerror(errno);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error("%s: %s", text, reason);
	exit(code);
}

void
diex(int code, const char *fmt, ...)
{
	GATHER(LOG_LEVEL_ERROR);
	exit(code);
}

void
log_stdout_done(void)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		die(EXIT_TEMP, "standard output");
}

/* What a value may hold unquoted, and what it may hold between quotes. */
enum { PLAIN = 1, PRINTABLE = 2 };

static const uint8_t char_class[256] = {
	[' ' ... '!'] = PRINTABLE, ['#' ... ')'] = PRINTABLE, ['*' ... ':'] = PLAIN | PRINTABLE,
	[';' ... '?'] = PRINTABLE, ['@' ... '['] = PLAIN | PRINTABLE, [']'] = PLAIN | PRINTABLE,
	['^'] = PRINTABLE, ['_'] = PLAIN | PRINTABLE, ['`'] = PRINTABLE,
	['a' ... 'z'] = PLAIN | PRINTABLE, ['{' ... '~'] = PRINTABLE,
};

static bool
is_plain(struct slice value)
{
	size_t n = 0;

	while (n < value.len && (char_class[(uint8_t)value.p[n]] & PLAIN))
		n++;
	return n > 0 && n == value.len;
}

static void
add_escaped(struct text *t, uint8_t c)
{
	const char quoted[] = { '\\', (char)c };

	if (char_class[c] & PRINTABLE) {
		text_add(t, slice_of(&quoted[1], 1));
	} else if (c == '"' || c == '\\') {
		text_add(t, slice_of(quoted, sizeof(quoted)));
	} else {
		text_str(t, "\\u00");
		add_hex(t, c);
	}
}

void
log_add_value(struct text *t, struct slice value)
{
	if (value.len > LOG_VALUE_CUT)
		value.len = LOG_VALUE_CUT;
	if (value.p == NULL) {
		text_str(t, "-");
		return;
	}
	if (is_plain(value)) {
		text_add(t, value);
		return;
	}
	text_str(t, "\"");
	for (size_t i = 0; i < value.len; i++)
		add_escaped(t, (uint8_t)value.p[i]);
	text_str(t, "\"");
}

const char *
log_value(struct slice value, char out[static LOG_VALUE_MAX])
{
	struct text t = text_in(out, LOG_VALUE_MAX - 1);

	log_add_value(&t, value);
	*t.at = '\0';
	return out;
}
