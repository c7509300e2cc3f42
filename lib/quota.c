/* SPDX-License-Identifier: ISC */
/*
 * Counts shared by processes. Each worker has an open-addressing table of its own and
 * writes only there; a count is the sum over the tables. So a worker that dies leaves no
 * counts behind: its table is wiped.
 */
#include "quota.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "hash.h"

struct entry {
	uint64_t key;		/* 0: free */
	uint64_t count;
};

struct quota {
	pthread_mutex_t lock;	/* robust: it survives a worker killed inside */
	uint64_t seed;
	uint64_t logged_ms, unlogged;
	unsigned workers;
	size_t mask;		/* entries of one table - 1 */
	struct entry entry[];	/* worker after worker */
};

static int
init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	if (pthread_mutexattr_init(&attr) != 0 ||
	    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) != 0 ||
	    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) != 0 ||
	    pthread_mutex_init(lock, &attr) != 0)
		return -1;
	return pthread_mutexattr_destroy(&attr);
}

struct quota *
quota_new(unsigned workers, size_t entries)
{
	struct quota *q;
	size_t room = 64;

	while (room < entries * 2)	/* at most half full: short probes, never a full table */
		room *= 2;
	if (room > (SIZE_MAX - sizeof(*q)) / sizeof(struct entry) / workers) {
		errno = ENOMEM;
		return NULL;
	}
	q = mmap(NULL, sizeof(*q) + workers * room * sizeof(struct entry), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (q == MAP_FAILED)
		return NULL;
	q->workers = workers;
	q->mask = room - 1;
	if (init_lock(&q->lock) != 0 ||
	    getrandom(&q->seed, sizeof(q->seed), 0) != sizeof(q->seed)) {
		errno = ENOMEM;
		return NULL;
	}
	return q;
}

static void
lock(struct quota *q)
{
	/*
	 * A dead owner was changing only its own table,
	 * which is wiped when its death is noticed.
	 */
	if (pthread_mutex_lock(&q->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&q->lock);
}

static void
unlock(struct quota *q)
{
	pthread_mutex_unlock(&q->lock);
}

uint64_t
quota_key_text(const struct quota *q, const void *text, size_t len)
{
	uint64_t h = hash_fingerprint(q->seed, slice_of(text, len));

	return h == 0 ? 1 : h;
}

uint64_t
quota_key_source(const struct quota *q, const struct endpoint *peer)
{
	size_t len = peer->family == AF_INET6 ? 8 : 16;
	uint8_t bytes[17] = { peer->family };	/* no text begins like this */

	memcpy(bytes + 1, peer->ip, len);
	return quota_key_text(q, bytes, len + 1);
}

static struct entry *
table_of(struct quota *q, unsigned worker)
{
	return q->entry + (size_t)worker * (q->mask + 1);
}

/* The entry of key, or the free one where it belongs. */
static struct entry *
find(struct quota *q, unsigned worker, uint64_t key)
{
	struct entry *table = table_of(q, worker);
	size_t i = key & q->mask;

	while (table[i].key != 0 && table[i].key != key)
		i = (i + 1) & q->mask;
	return &table[i];
}

static uint64_t
sum(struct quota *q, uint64_t key)
{
	uint64_t n = 0;

	for (unsigned w = 0; w < q->workers; w++)
		n += find(q, w, key)->count;
	return n;
}

bool
quota_take_many(struct quota *q, unsigned worker, uint64_t key, uint64_t n, uint64_t limit)
{
	struct entry *e;
	bool ok;

	lock(q);
	ok = limit == 0 || sum(q, key) + n <= limit;
	if (ok) {
		e = find(q, worker, key);
		e->key = key;
		e->count += n;
	}
	unlock(q);
	return ok;
}

/*
 * Free an entry and move those that would no longer be found past
 * the hole (Knuth 6.4, algorithm R).
 */
static void
erase(struct quota *q, unsigned worker, struct entry *e)
{
	struct entry *table = table_of(q, worker);
	size_t hole = (size_t)(e - table);

	for (size_t i = (hole + 1) & q->mask; table[i].key != 0; i = (i + 1) & q->mask) {
		size_t home = table[i].key & q->mask;

		if (((i - home) & q->mask) < ((i - hole) & q->mask))
			continue;
		table[hole] = table[i];
		hole = i;
	}
	table[hole] = (struct entry){ 0, 0 };
}

void
quota_drop_many(struct quota *q, unsigned worker, uint64_t key, uint64_t n)
{
	struct entry *e;

	if (key == 0)
		return;
	lock(q);
	e = find(q, worker, key);
	if (e->key == key && (e->count -= n) == 0)
		erase(q, worker, e);
	unlock(q);
}

/* Give whole pages back, which zeroes them; memset() would allocate those never used. */
static void
wipe(void *p, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)p, to = from + len;
	uintptr_t inner = (from + page - 1) & ~(page - 1), inner_end = to & ~(page - 1);

	if (inner >= inner_end || madvise((void *)inner, inner_end - inner, MADV_REMOVE) == -1) {
		memset(p, 0, len);
		return;
	}
	memset(p, 0, inner - from);
	memset((void *)inner_end, 0, to - inner_end);
}

uint64_t
quota_log(struct quota *q, uint64_t now_ms)
{
	uint64_t n = 0;

	lock(q);
	q->unlogged++;
	if (q->logged_ms == 0 || now_ms >= q->logged_ms + 1000) {
		n = q->unlogged;
		q->unlogged = 0;
		q->logged_ms = now_ms;
	}
	unlock(q);
	return n;
}

void
quota_forget(struct quota *q, unsigned worker)
{
	lock(q);
	wipe(table_of(q, worker), (q->mask + 1) * sizeof(struct entry));
	unlock(q);
}
