/* SPDX-License-Identifier: ISC */
/* Where bytes go: a descriptor, and what it has yet to take. */
#include "put.h"

#include <sys/socket.h>

#include "sock.h"

/* A write failed, and not for lack of room. */
static enum put_result
put_failed(void)
{
	return sock_no_memory() ? PUT_NO_MEMORY : PUT_GONE;
}

enum put_result
put(int fd, struct iovec *iov, int n, bool last, struct spill **left, uint64_t *sent)
{
	size_t total = 0;
	ssize_t w;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (total == 0)
		return PUT_ALL;
	w = sock_put(fd, iov, n, last ? MSG_MORE : 0);
	if (w == -1 && !sock_would_block())
		return put_failed();
	w = w == -1 ? 0 : w;
	*sent += (uint64_t)w;
	if ((size_t)w == total)
		return PUT_ALL;
	return spill_add_pieces(left, iov, n, (size_t)w, 0) ? PUT_PART : PUT_NO_MEMORY;
}

enum put_result
put_left(int fd, struct spill **left, uint64_t *sent)
{
	struct spill *spill = *left;
	struct iovec iov = { spill->bytes + spill->at, spill->len };
	ssize_t w = sock_put(fd, &iov, 1, 0);

	if (w == -1)
		return sock_would_block() ? PUT_PART : put_failed();
	*sent += (uint64_t)w;
	spill_drop(left, (size_t)w);
	return *left == NULL ? PUT_ALL : PUT_PART;
}
