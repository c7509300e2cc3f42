/* SPDX-License-Identifier: ISC */
/*
 * Sockets: listen, accept, connect, pass and take descriptors.
 * What is made here is NONBLOCK and CLOEXEC.
 */
#ifndef SOCK_H
#define SOCK_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "addr.h"

#define SOCK_NAME_MAX 128u	/* an address as text: unix:/PATH is the longest */

/*
 * Bind and listen; a is no ADDR_HOST (listeners_resolve()), ADDR_ANY is one socket for v4 and v6.
 * A stale unix socket file, which nobody answers on, is replaced (errno says why it can't be;
 * ENOTSOCK: what is there is no socket).
 * TCP_NODELAY is set; accepted sockets inherit it. 0 and *fd (owned by the caller), or -1 with
 * errno.
 */
int sock_listen(const struct addr *a, int *fd);

/*
 * Prepare a listening socket made by someone else (inetd, systemd): NONBLOCK, CLOEXEC, TCP_NODELAY.
 * -1 with errno.
 */
int sock_adopt(int fd);

enum sock_accept {
	SOCK_ACCEPTED,
	SOCK_NONE,	/* nobody waits */
	SOCK_GONE,	/* that client has already gone, or a signal came: accept again */
	SOCK_FULL,	/* no descriptors or memory: pause */
	SOCK_BROKEN	/* no client can be taken, and who waits goes on waiting: pause; errno */
};

/* Take one connection. *fd is owned by the caller, *peer its other end. */
enum sock_accept sock_accept(int lfd, int *fd, struct endpoint *peer);

enum sock_connect {
	SOCK_CONNECTED,
	SOCK_CONNECTING,	/* writable once it is done; sock_error() says how it went */
	SOCK_NO_FDS,		/* out of descriptors or memory: not the target's fault */
	SOCK_BUSY,		/* a unix socket, its queue full: no event says when that is over */
	SOCK_REFUSED		/* errno */
};

/*
 * Begin to connect. *fd is owned by the caller, -1 on the last three results. speaks_first: bytes
 * will be sent as soon as it is connected, so the handshake's last ACK may travel with them.
 * TCP_NODELAY is not set yet: see sock_nodelay().
 */
enum sock_connect sock_connect(const struct sockaddr_storage *sa, socklen_t len,
    bool speaks_first, int *fd);

/*
 * Read and write without waiting, even if somebody who shares the descriptor made it blocking: by
 * recv(2) and send(2), which are also a little cheaper than read(2) and write(2). fd may be a pipe;
 * where the kernel has no RWF_NOWAIT for it, a write to a blocking one waits.
 */
ssize_t sock_get(int fd, void *buf, size_t size);
ssize_t sock_put(int fd, const struct iovec *iov, int n, int flags);

/* Send small segments at once from now on (a no-op on anything but a TCP socket). */
void sock_nodelay(int fd);

/* A socket's state for sock_before_put(). Zero it for a new one. */
struct sock_nagle {
	bool off : 1;			/* TCP_NODELAY is set */
	bool wrote : 1;			/* something was written */
};

/*
 * To be called before len bytes are written: sock_nodelay(), once it is worth its system call.
 * Nagle's algorithm holds back a small segment behind unacknowledged ones, so that is a second
 * write, or a first one of several segments.
 */
void sock_before_put(int fd, struct sock_nagle *nagle, size_t len);

/*
 * Let TCP probe a peer after idle_s seconds without a byte, and end the connection with an error
 * when a few probes, one every each_s, were not answered. Less than a second counts as one. A
 * no-op on anything but a TCP socket.
 */
void sock_probe(int fd, int idle_s, int each_s);

/*
 * Let TCP probe a silent peer every beat_ms, and end the connection with an error
 * (ETIMEDOUT, or what the network reported) when nothing, data under way included, has been
 * answered for about dead_ms. In whole seconds, an hour at most; either 0: never. A no-op
 * on anything but a TCP socket.
 */
void sock_keep_alive(int fd, uint64_t beat_ms, uint64_t dead_ms);

/*
 * After sock_keep_alive(): lift the limit for data under way. A peer whose program does not read
 * keeps its window closed, which Linux counts as no answer although the peer confirms it all the
 * time. Then only a connection at rest is ended by the kernel; for others ask sock_is_lost() now
 * and then: whether the peer has answered nothing for dead_ms, neither what was sent nor probes of
 * its closed window.
 */
void sock_patient(int fd);
bool sock_is_lost(int fd, uint64_t dead_ms);

/* The pending error of a socket, 0 when there is none; it is cleared. */
int sock_error(int fd);

/* Whether the other end of a socket or pipe writes no more; what it wrote may still be unread. */
bool sock_has_ended(int fd);

/* The local or remote end of fd; AF_UNSPEC when it has none. */
void sock_local(int fd, struct endpoint *out);
void sock_peer(int fd, struct endpoint *out);

/*
 * The bound address as text, in the form of ADDR: "127.0.0.1:80", "[::]:443",
 * "unix:/path", "unix:@name".
 */
const char *sock_name(int fd, char out[static SOCK_NAME_MAX]);

bool sock_is_listening(int fd);

/* Whether fd is a connection-oriented socket (SOCK_STREAM). */
bool sock_is_stream(int fd);

/* Close, in order or so that a TCP peer sees a reset; -1 is fine. */
void sock_close(int fd, bool reset);

/*
 * How much of limit_ms is left since the kernel last sent bytes to fd's peer, or last heard from
 * it, whichever is longer ago: bytes may be on their way long after we wrote them. 0: it is over,
 * or unknown: the kernel doesn't say, or the limit is weeks.
 */
uint64_t sock_rest_ms(int fd, uint64_t limit_ms);

/* What errno says after a failed call: there is nothing to read, or no room to write, right now. */
static inline bool
sock_would_block(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* ... or memory is short, on which the descriptor has no bearing. */
static inline bool
sock_no_memory(void)
{
	return errno == ENOMEM || errno == ENOBUFS;
}

/*
 * Send one message of len bytes with the descriptor pass attached to a connected unix stream
 * socket. The receiver gets a duplicate; pass stays the caller's. 0, or -1 with errno (EAGAIN: no
 * room; a short send is EMSGSIZE).
 */
int sock_send_fd(int fd, const void *data, size_t len, int pass);

/*
 * Receive up to len bytes and at most one descriptor (*passed, owned by the caller, -1 when none
 * came; CLOEXEC, and blocking or not as its sender left it). The number of bytes, 0 at the end, -1
 * with errno; EMFILE: a descriptor came, but this process has no room for it; EMSGSIZE: there were
 * more than anybody has reason to send. They and their bytes are lost then. A few further ones are
 * closed.
 */
ssize_t sock_recv_fd(int fd, void *data, size_t len, int *passed);

#endif
