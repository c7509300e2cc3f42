/* SPDX-License-Identifier: ISC */
/* A routes file -> a table: read, check every line, hash. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ev.h"
#include "routes_table.h"

/*
 * An event loop may share the CPU with us and must not wait for the end of our time slice:
 * yield this often.
 */
#define LINES_ONCE 256
#define READ_ONCE (256u * 1024u)

/* Bytes: every offset fits in 32 bits, and a table, at worst 6 times as big, in a size_t. */
#define TEXT_MAX (SIZE_MAX > UINT32_MAX ? 0xf0000000u : 0x20000000u)
#define WRITER_MS 200		/* between checks whether to go on waiting for a pipe's writer */
#define READ_AHEAD 65536u		/* bytes of room beyond a file's size when it is opened */

struct loading {
	const char *path;
	routes_report *report;
	void *report_arg;
	int fd;				/* the memfd, owned; -1: none, or handed over */
	char *map;			/* owned; NULL: none */
	size_t size;			/* of map */
	struct routes_table table;
	const char *why;		/* why it can't be read; NULL: errno says it */
	unsigned line;
	size_t bad_lines;
	bool sorted;
	struct slice name_before;	/* of the previous route line; absent on the first */
	uint32_t *listens;		/* owned until they are moved into the map */
	size_t listens_size;
};

static int
resize(struct loading *l, size_t size)
{
	void *map;

	if (ftruncate(l->fd, (off_t)size) == -1)
		return -1;
	if (l->map == NULL)
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, l->fd, 0);
	else
		map = mremap(l->map, l->size, size, MREMAP_MAYMOVE);
	if (map == MAP_FAILED)
		return -1;
	/* If a child could write here too, the table could not be sealed. */
	(void)madvise(map, size, MADV_DONTFORK);
	l->map = map;
	l->size = size;
	return 0;
}

/* Whether the path still leads there. */
static bool
is_in_place(const char *path, const struct stat *st)
{
	struct stat now;

	return stat(path, &now) == 0 && now.st_dev == st->st_dev && now.st_ino == st->st_ino;
}

/* Wait for a pipe's writer, as long as the path still leads to it and nobody asked us to stop. */
static int
wait_for_writer(const struct loading *l, int fd, const struct stat *st)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, WRITER_MS) == 0) {
		errno = EINTR;
		if (ev_stop_held() || !is_in_place(l->path, st))
			return -1;
	}
	return 0;
}

static int
end_text(struct loading *l, size_t len, bool pipe)
{
	struct routes_head *head = (void *)l->map;

	if (pipe && len == 0) {
		l->why = "nothing came through the pipe";
		return -1;
	}
	head->text_len = (uint32_t)len;
	return 0;
}

/*
 * Read until the end of the file, wherever that is by then:
 * it may be growing, or not a plain file.
 */
static int
read_text(struct loading *l, int fd)
{
	const size_t head = sizeof(struct routes_head);
	size_t used = head;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return -1;
	if (st.st_size <= TEXT_MAX && resize(l, used + (size_t)st.st_size + READ_AHEAD) == -1)
		return -1;
	while (l->map != NULL && used - head <= TEXT_MAX) {
		if (S_ISFIFO(st.st_mode) && wait_for_writer(l, fd, &st) == -1)
			return -1;
		n = read(fd, l->map + used,
		    l->size - used < READ_ONCE ? l->size - used : READ_ONCE);
		sched_yield();
		if (n == 0)
			return end_text(l, used - head, S_ISFIFO(st.st_mode));
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			return -1;
		if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)) {
			l->why = "neither a plain file nor a pipe";
			return -1;
		}
		used += n == -1 ? 0 : (size_t)n;
		if (used == l->size && resize(l, l->size * 2) == -1)
			return -1;
	}
	errno = EFBIG;
	return -1;
}

static int
read_file(struct loading *l)
{
	int fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int result, saved;

	if (fd == -1)
		return -1;
	result = read_text(l, fd);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

/* The lines that may have a NAME: all but comments and empty ones. */
static uint32_t
count_route_lines(const struct loading *l)
{
	const struct routes_head *head = (const void *)l->map;
	struct slice rest = slice_of((const char *)(head + 1), head->text_len);
	uint32_t n = 0;

	while (rest.len > 0) {
		struct slice line = slice_cut(&rest, '\n');

		if (line.len > 0 && line.p[0] != '#' && ++n % LINES_ONCE == 0)
			sched_yield();
	}
	return n;
}

/* After the text comes room for the marks, and for enough slots that four in five are used. */
static int
add_slots(struct loading *l)
{
	struct routes_head *head = (void *)l->map;
	uint64_t lines = count_route_lines(l);

	head->magic = ROUTES_MAGIC;
	head->nslots = (uint32_t)(lines + lines / 4 + 1);
	if (getrandom(&head->seed, sizeof(head->seed), 0) == -1)
		return -1;
	if (resize(l, routes_table_place(&l->table, l->map)) == -1)
		return -1;
	routes_table_place(&l->table, l->map);
	return 0;
}

/* Without memory for this the file cannot be loaded: false, with errno. */
static bool
remember_listen(struct loading *l, uint32_t at)
{
	struct routes_head *head = l->table.head;

	if (head->nlistens == l->listens_size) {
		size_t size = l->listens_size * 2 + 16;
		uint32_t *bigger = reallocarray(l->listens, size, sizeof(*bigger));

		if (bigger == NULL)
			return false;
		l->listens = bigger;
		l->listens_size = size;
	}
	l->listens[head->nlistens++] = at;
	return true;
}

static void
remember_depth(struct routes_head *head, struct slice suffix)
{
	unsigned labels = 0;

	for (; suffix.len > 0; labels++)
		slice_cut(&suffix, '.');
	head->depths[labels / 64] |= UINT64_C(1) << labels % 64;
}

/* A line on its way into the table. */
struct checked {
	struct slice name;		/* absent: a comment */
	uint64_t hash;			/* of the name */
	uint32_t slot;			/* where it goes */
	struct routes_fields fields;
};

static bool
check_repeated(const struct loading *l, const struct routes_fields *f, size_t from,
    struct routes_why *why)
{
	const struct routes_field *first = routes_fields_repeated(f, from);

	if (first == NULL)
		return true;
	routes_why_repeated(f, first, routes_table_line_number(&l->table, first->word.p), why);
	return false;
}

/* Check one line by itself, and then against all those before it. */
static bool
check_line(struct loading *l, struct slice line, struct checked *c, struct routes_why *why)
{
	struct slice before = l->name_before;
	struct routes_fields all;

	c->name = routes_line_name(line);
	c->hash = routes_table_hash(&l->table, c->name);
	routes_table_expect(&l->table, c->hash);
	if (c->name.p != NULL)
		l->name_before = c->name;
	routes_fields_clear(&c->fields);
	if (!routes_line_check(line, &c->fields, why))
		return false;
	if (c->name.p == NULL)
		return true;
	if (l->sorted && routes_why_unsorted(c->name, before, why))
		return false;
	routes_fields_clear(&all);
	c->slot = routes_table_collect(&l->table, c->name, c->hash, &all);
	return routes_fields_join(&all, &c->fields, why) &&
	    check_repeated(l, &all, all.n - c->fields.n, why);
}

static bool
insert(struct loading *l, const struct checked *c)
{
	struct routes_table *t = &l->table;
	uint32_t at = (uint32_t)(c->name.p - (const char *)t->head);

	t->slots[c->slot] = (struct routes_slot){ .at = at, .tag = (uint32_t)c->hash };
	t->head->count++;
	t->head->has_pass |= routes_fields_pass(&c->fields);
	switch (routes_name_kind(c->name)) {
	case NAME_WILDCARD:
		remember_depth(t->head, slice_skip(c->name, 2));
		return true;
	case NAME_LISTEN:
		return remember_listen(l, at);
	case NAME_HOST:
	case NAME_ALL:
	case NAME_BAD:
		break;
	}
	return true;
}

/* False, with errno: out of memory. A bad line is reported and left out. */
static bool
load_line(struct loading *l, struct slice line)
{
	struct routes_why why;
	struct checked c;

	why.discreet = false;
	if (check_line(l, line, &c, &why))
		return c.name.p == NULL || insert(l, &c);
	routes_tell(l->report, l->report_arg, l->path, l->line, why.text);
	l->bad_lines++;
	return true;
}

/* Walk the lines; each fills the marks of its bytes, newline included. */
static int
load_lines(struct loading *l)
{
	struct routes_table *t = &l->table;
	struct slice rest = slice_of(t->text, t->head->text_len);
	size_t mark = 0;

	while (rest.len > 0) {
		struct slice line = slice_cut(&rest, '\n');
		const char *next = rest.p != NULL ? rest.p : line.p + line.len;

		if (++l->line % LINES_ONCE == 0)
			sched_yield();
		if (l->line == 1)
			l->sorted = routes_line_is_sorted_mark(line);
		for (; t->text + mark * ROUTES_MARK_BYTES < next; mark++)
			t->marks[mark] = l->line;
		if (!load_line(l, line))
			return -1;
	}
	return 0;
}

/* The listening addresses come last: only now is their number known. */
static int
add_listens(struct loading *l)
{
	size_t n = l->table.head->nlistens;

	if (resize(l, routes_table_place(&l->table, l->map)) == -1)
		return -1;
	routes_table_place(&l->table, l->map);
	if (n > 0)
		memcpy(l->table.listens, l->listens, n * sizeof(*l->listens));
	return 0;
}

/* A process that gets the descriptor can rely on the table not changing. */
static int
seal(struct loading *l)
{
	munmap(l->map, l->size);
	l->map = NULL;
	return fcntl(l->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
}

/* What the system refuses to everybody must not look like trouble with the file. */
static int
begin_table(struct loading *l)
{
	l->fd = memfd_create("routes", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (l->fd == -1 && (errno == ENOSYS || errno == EPERM || errno == EACCES))
		l->why = "no memory for a table: the system refuses memfd_create(2)";
	return l->fd == -1 ? -1 : 0;
}

static enum routes_result
load(struct loading *l, struct routes **out)
{
	if (begin_table(l) == -1 || read_file(l) == -1 || add_slots(l) == -1 || load_lines(l) == -1)
		return ROUTES_FAILED;
	if (l->bad_lines > 0)
		return ROUTES_REFUSED;
	if (add_listens(l) == -1 || seal(l) == -1)
		return ROUTES_FAILED;
	*out = routes_from_fd(l->fd, l->path);
	l->fd = -1;
	return *out != NULL ? ROUTES_LOADED : ROUTES_FAILED;
}

enum routes_result
routes_load(const char *path, routes_report *report, void *arg, struct routes **out)
{
	struct loading l = { .path = path, .report = report, .report_arg = arg, .fd = -1 };
	enum routes_result result;
	int saved;

	*out = NULL;
	result = load(&l, out);
	saved = errno;
	if (result == ROUTES_FAILED)
		routes_tell(report, arg, path, 0, l.why != NULL ? l.why : strerror(saved));
	if (l.map != NULL)
		munmap(l.map, l.size);
	if (l.fd != -1)
		close(l.fd);
	free(l.listens);
	errno = saved;
	return result;
}
