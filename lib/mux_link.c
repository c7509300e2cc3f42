/* SPDX-License-Identifier: ISC */
/* The connection a tunnel session goes over, encrypted or plain. */
#include "mux_private.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sock.h"

#define CRUMBS_SIZE (TLS_RECORD_MAX + 4096u)	/* read size for peers that cause small writes */
#define ROOM_MIN (8u * 1024u)	/* bytes sent at once, however slow the connection is */
#define ROOM_FIRST (16u * 1024u)	/* until it is known to be fast */
#define SLOW_MS 64		/* it took longer to take that: half as much from now on */
#define FAST_MS 16		/* it took less: twice as much */
#define TRIES 5			/* TCP's, at least, while a silent session is not yet dead */
#define AGAIN_MIN_MS 1000u	/* what the kernel accepts */
#define AGAIN_MAX_MS 120000u	/* and its default */

#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44	/* Linux 6.15; an older kernel refuses it */
#endif

void
mux_link_lost(struct mux *m)
{
	mux_end(m, MUX_LOST, errno == 0 ? "end of file" : strerror(errno));
}

static void
end_tls(struct mux *m, enum tls_result r)
{
	switch (r) {
	case TLS_EOF:
		mux_ended_by_peer(m);
		break;
	case TLS_CUT:
		mux_end(m, MUX_LOST, tls_why(m->tls));
		break;
	case TLS_BAD:
		mux_end(m, MUX_PROTOCOL, tls_why(m->tls));
		break;
	case TLS_NO_MEMORY:
		mux_end(m, MUX_MEMORY, tls_why(m->tls));
		break;
	case TLS_OK:
	case TLS_AGAIN:
		break;
	}
}

/* Bytes that came, into the pool's buffer; 0: none now, or it has ended. */
static size_t
receive_plain(struct mux *m)
{
	ssize_t n = recv(m->io.fd, m->pool->in, m->crumbs ? CRUMBS_SIZE : MUX_IN_SIZE, 0);

	if (n > 0)
		return (size_t)n;
	m->readable = false;
	if (n == 0)
		mux_ended_by_peer(m);
	else if (!sock_would_block())
		mux_link_lost(m);
	return 0;
}

size_t
mux_link_read(struct mux *m)
{
	enum tls_result r;
	size_t n;

	if (m->tls == NULL)
		return receive_plain(m);
	r = tls_read(m->tls, m->pool->in, m->crumbs ? CRUMBS_SIZE : MUX_IN_SIZE, &n);
	m->readable = r == TLS_OK && !tls_drained(m->tls);
	if (r == TLS_OK)
		return n;
	end_tls(m, r);
	return 0;
}

static size_t
pending(const struct mux *m)
{
	if (m->tls != NULL)
		return tls_pending(m->tls);
	return m->pending == NULL ? 0 : m->pending->len;
}

static void
send_plain(struct mux *m, const uint8_t *bytes, size_t len)
{
	ssize_t w = send(m->io.fd, bytes, len, MSG_NOSIGNAL);

	if (w == -1 && !sock_would_block()) {
		mux_link_lost(m);
		return;
	}
	if (w == -1)
		w = 0;
	if ((size_t)w == len)
		return;
	m->blocked = true;
	if (!spill_add(&m->pending, bytes + w, len - (size_t)w, UINT32_MAX))
		mux_end(m, MUX_MEMORY, strerror(ENOMEM));
}

static void
push_plain(struct mux *m)
{
	ssize_t w = send(m->io.fd, m->pending->bytes + m->pending->at,
	    m->pending->len, MSG_NOSIGNAL);

	if (w == -1 && !sock_would_block())
		mux_link_lost(m);
	else if (w > 0)
		spill_drop(&m->pending, (size_t)w);
	m->blocked = m->pending != NULL;
}

/* What was sent and has not left delays all that comes after it. */
static void
set_room(struct mux *m, uint32_t room)
{
	int unsent = (int)room / 2;	/* with so much the kernel begins no other segment */

	m->room = room;
	(void)setsockopt(m->io.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
}

/* The kernel took the last bytes at once; if they have left, too, it may get more next time. */
static void
try_more(struct mux *m, size_t len)
{
	int unsent = 0;

	if (len + MUX_ROOM_MIN <= m->room || m->room == MUX_OUT_SIZE)
		return;
	if (ioctl(m->io.fd, SIOCOUTQNSD, &unsent) == -1 || unsent == 0)
		set_room(m, m->room * 2);
}

void
mux_link_write(struct mux *m, size_t len)
{
	enum tls_result r;

	m->said_ms = ev_now_ms(m->pool->ev);
	if (m->tls == NULL) {
		send_plain(m, m->pool->out, len);
	} else {
		r = tls_write(m->tls, m->pool->out, len);
		m->blocked = r == TLS_AGAIN;
		end_tls(m, r);
	}
	if (!m->blocked && !m->over)
		try_more(m, len);
}

/* The socket has taken what was kept: as much at once as it takes without delay. */
static void
pace(struct mux *m)
{
	uint64_t spent_ms = ev_now_ms(m->pool->ev) - m->said_ms;

	if (spent_ms > SLOW_MS && m->room > ROOM_MIN)
		set_room(m, m->room / 2);
	else if (spent_ms < FAST_MS && m->room < MUX_OUT_SIZE)
		set_room(m, m->room * 2);
}

bool
mux_link_push(struct mux *m)
{
	enum tls_result r;

	if (m->blocked)
		return false;
	if (pending(m) == 0)
		return true;
	if (m->tls == NULL) {
		push_plain(m);
	} else {
		r = tls_flush(m->tls);
		m->blocked = r == TLS_AGAIN;
		end_tls(m, r);
	}
	if (m->blocked || m->over)
		return false;
	pace(m);
	return true;
}

/*
 * How long TCP waits at most before it sends again. It would wait twice as long each time: after an
 * outage of 13 s until 25 s are over, when nobody is there any more.
 */
static unsigned
again_ms(unsigned dead_ms)
{
	unsigned ms = dead_ms / TRIES;

	return dead_ms == 0 || ms > AGAIN_MAX_MS ? AGAIN_MAX_MS :
	    ms < AGAIN_MIN_MS ? AGAIN_MIN_MS : ms;
}

/*
 * TCP gives up on a peer that acknowledges nothing,
 * in case it notices before we notice the silence.
 */
void
mux_link_limit(const struct mux *m)
{
	unsigned ms = m->conf.dead_ms > 3600000 ? 3600000 : (unsigned)m->conf.dead_ms;
	unsigned again = again_ms(ms);

	(void)setsockopt(m->io.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	(void)setsockopt(m->io.fd, IPPROTO_TCP, TCP_RTO_MAX_MS, &again, sizeof(again));
}

void
mux_link_options(struct mux *m)
{
	sock_nodelay(m->io.fd);
	set_room(m, ROOM_FIRST);
	mux_link_limit(m);
}

bool
mux_link_waiting(const struct mux *m)
{
	int n = 0;

	return ioctl(m->io.fd, SIOCINQ, &n) == 0 && n > 0;
}

int
mux_link_unacknowledged(const struct mux *m)
{
	int n = 0, error = errno;

	if (ioctl(m->io.fd, SIOCOUTQ, &n) == -1)
		n = 0;
	errno = error;
	return n;
}
