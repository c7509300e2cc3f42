/* SPDX-License-Identifier: ISC */
/* Where bytes go: a descriptor, and what it has yet to take. */
#include "put.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "sock.h"

struct relay_spill *
spill_pieces(const struct iovec *iov, int n, size_t from)
{
	struct relay_spill *spill;
	size_t total = 0;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	spill = relay_spill_new(total - from);
	if (spill == NULL)
		return NULL;
	for (int i = 0; i < n; i++) {
		size_t skip = from < iov[i].iov_len ? from : iov[i].iov_len;

		memcpy(spill->bytes + spill->len, (char *)iov[i].iov_base + skip,
		    iov[i].iov_len - skip);
		spill->len += (uint32_t)(iov[i].iov_len - skip);
		from -= skip;
	}
	return spill;
}

/* A write failed, and not for lack of room. */
static enum put_result
put_failed(void)
{
	return sock_no_memory() ? PUT_NO_MEMORY : PUT_GONE;
}

enum put_result
put(int fd, struct iovec *iov, int n, bool last, struct relay_spill **left, uint64_t *sent)
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
	*left = spill_pieces(iov, n, (size_t)w);
	return *left == NULL ? PUT_NO_MEMORY : PUT_PART;
}

bool
put_later(struct relay_spill **left, struct slice more)
{
	size_t first = *left == NULL ? 0 : (*left)->len;
	struct relay_spill *spill = relay_spill_new(first + more.len);

	if (spill == NULL)
		return false;
	if (first > 0)
		memcpy(spill->bytes, (*left)->bytes + (*left)->at, first);
	memcpy(spill->bytes + first, more.p, more.len);
	spill->len = (uint32_t)(first + more.len);
	free(*left);
	*left = spill;
	return true;
}

enum put_result
put_left(int fd, struct relay_spill **left, uint64_t *sent)
{
	struct relay_spill *spill = *left;
	struct iovec iov = { spill->bytes + spill->at, spill->len };
	ssize_t w = sock_put(fd, &iov, 1, 0);

	if (w == -1)
		return sock_would_block() ? PUT_PART : put_failed();
	*sent += (uint64_t)w;
	spill->at += (uint32_t)w;
	spill->len -= (uint32_t)w;
	if (spill->len > 0)
		return PUT_PART;
	free(spill);
	*left = NULL;
	return PUT_ALL;
}
