/* SPDX-License-Identifier: ISC */
/*
 * For tests that need an event loop, a clock to advance, a child process, a directory,
 * or what was logged.
 */
#ifndef LOOP_HELP_H
#define LOOP_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "ev.h"
#include "sock.h"

/* ---- the clock: clock_gettime() replaces libc's, so that a test need not wait ---- */

extern int64_t skipped_ms, skipped_wall_ms;	/* of the monotonic clock and of the time of day */

void skip_ms(int64_t ms);

extern void (*before_next_look)(void);	/* called once, before somebody is told what time it is */

/* ---- the loop ---- */

#define PATIENCE_MS 30000	/* with what hangs: a busy machine is slow */

extern struct ev *loop;
extern struct ev_timer loop_overdue;	/* fails run_until() after PATIENCE_MS, unless set again */

/* Run until condition() holds, looked at between turns. */
void run_until(bool (*condition)(void));

/* One turn that does not wait. */
void run_turn(void);

/* The same, with all that is due by now: a turn learns what time it is, the next one acts on it. */
void run_due(void);

int make_loop(void **state);
int free_loop(void **state);

#define loop_test(f) cmocka_unit_test_setup_teardown(f, make_loop, free_loop)

/* ---- descriptors ---- */

int open_fds(void);
void await(int fd, short events);
struct addr address(const char *text, unsigned allow);
int listen_on(const char *text);

/* Connected and non-blocking: TCP on loopback, unix sockets. */
void tcp_pair(int pair[2]);
void unix_pair(int pair[2]);

/* ---- memory ---- */

/*
 * What happens another n times, something new each time, takes hardly more memory than the first n
 * times left in use. Skips the test where malloc() does not say how much that is, as a sanitizer's.
 */
void expect_bounded_memory(void (*happens)(int i), int n);

/* ---- a directory of our own ---- */

extern char dir_path[64];

void make_dir(void);

/* Its files, one level of subdirectories, and itself. */
void remove_dir(void);

/* The path of name in it, in one of a few buffers used in turn. */
const char *in_dir(const char *name);

void write_file(const char *path, const char *text);

/* ---- what was written to a descriptor ---- */

/* All of the file, in a buffer that the next call uses again. */
const char *read_back(int fd);

/*
 * Standard error goes to a file in memory from catch_stderr() to caught_stderr(),
 * which returns the text.
 */
extern int stderr_caught;

void catch_stderr(void);
const char *caught_stderr(void);

/* ---- a child ---- */

struct outcome {
	int code;		/* exit code, or 1000 + the signal that ended it */
	char out[8192], err[8192];
};

/*
 * Run body in a child of its own, with standard output and error caught.
 * It is given up on after some seconds.
 */
struct outcome in_child(void (*body)(void));

/* The same: nothing is said on standard error, and it exits with 0. */
void expect_well(void (*body)(void));

/* cmocka's assertions are for the parent: this is one for children. */
#define CHILD_CHECK(condition)                                                                  \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			dprintf(STDERR_FILENO, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__,    \
			    #condition, errno);                                                 \
			_exit(99);                                                              \
		}                                                                               \
	} while (0)

#endif
