/* SPDX-License-Identifier: ISC */
/*
 * What the load generator and its backend agree on: a hello that carries the wanted mode,
 * and a few sizes.
 */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HELLO_LEN 517u		/* bytes of a ClientHello with record header, as browsers pad it */
/* session id's first byte: 5 record, 4 handshake, 2 version, 32 random, 1 length */
#define HELLO_MODE_AT 44u
#define REPLY_LEN 200u		/* the backend's answer to a hello, in every mode */
#define PING_LEN 64u
#define UNIT_LEN (4u << 20)	/* upload: the backend answers one byte for so many received */
#define CHUNK_LEN (256u << 10)	/* bulk: bytes of one send */
#define TAKE_LEN (1u << 20)	/* bulk: bytes of one receive */

/*
 * What the backend does behind its reply; travels in the hello's session id,
 * which no router looks at.
 */
enum bench_mode {
	MODE_CLOSE = 'c',	/* close at once */
	MODE_IDLE = 'i',	/* nothing, until the peer closes */
	MODE_ECHO = 'e',	/* send back what comes */
	MODE_DOWN = 'd',	/* send until a byte (or the end) comes, then end */
	MODE_UP = 'u'		/* receive; one byte back per UNIT_LEN */
};

__attribute__((noreturn, format(printf, 1, 2))) static void
die(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(111);
}

static inline uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline struct sockaddr_in
loopback(unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/*
 * Bulk bytes are dropped in the kernel unless copying is wanted:
 * the generator must not be the bottleneck.
 */
static inline ssize_t
take(int fd, bool copy)
{
	static char buf[TAKE_LEN];

	return recv(fd, buf, sizeof(buf), copy ? 0 : MSG_TRUNC);
}

static inline void
set_nodelay(int fd)
{
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

#endif
