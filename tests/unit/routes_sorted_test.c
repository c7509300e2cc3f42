/* SPDX-License-Identifier: ISC */
/* Tests of sorted routes files, and of both ways to search against a simple one. */
#include <fcntl.h>

#include "routes_help.h"

#define MARK "#!routes sorted\n"

static void
only_the_first_line_makes_a_file_sorted(void **state)
{
	static const char *const others[] = {
		"", "\n" MARK, " " MARK, "#!routes sortedx\na tls=b:1\n", "#!routes  sorted\n"
	};
	char path[PATH_SIZE];
	struct routes *r;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		int fd = file_of(others[i], strlen(others[i]), path);

		said[0] = '\0';
		assert_int_equal(routes_open_sorted(path, listen_to_report, path, &r),
		    ROUTES_REFUSED);
		assert_null(r);
		assert_string_equal(said, "");
		close(fd);
	}
	routes_free(open_sorted(MARK, path));
	routes_free(open_sorted("#!routes sorted", path));
	routes_free(open_sorted("#!routes sorted \t\r\n", path));
	routes_free(load("b tls=c:1\n" MARK "a tls=c:1\n"));
}

static void
a_sorted_file_that_cannot_be_searched_is_told_from_one_that_cannot_be_read(void **state)
{
	char path[PATH_SIZE] = "/nonexistent/routes";
	struct routes *r;
	int fds[2];

	(void)state;
	said[0] = '\0';
	assert_int_equal(routes_open_sorted(path, listen_to_report, path, &r), ROUTES_FAILED);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(said, "\nf: No such file or directory");
	assert_int_equal(pipe(fds), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	assert_int_equal(routes_open_sorted(path, listen_to_report, path, &r), ROUTES_REFUSED);
	assert_int_equal(routes_open_sorted("/", listen_to_report, path, &r), ROUTES_REFUSED);
	close(fds[0]);
	close(fds[1]);
}

static void
the_order_of_a_sorted_file_is_checked_when_it_is_loaded(void **state)
{
	(void)state;
	routes_free(load(MARK "# z\n\n* tls=a:1\n*.b tls=a:1\n127.0.0.1:1 tcp=a:1\n:1 tcp=a:1\n"
	    "[::1]:1 tcp=a:1\na tls=a:1\n a http=a:1\na-b tls=a:1\na.b tls=a:1\n"
	    "localhost:1 tcp=a:1\nunix:/A tcp=a:1\n"));
	expect_refused(MARK "b tls=a:1\na tls=a:1\nab tls=a:1\n# c\naa tls=a:1\n*.z tls=a:1\n",
	    "\nf:3: not in sort order: \"a\" after \"b\""
	    "\nf:6: not in sort order: \"aa\" after \"ab\""
	    "\nf:7: not in sort order: \"*.z\" after \"aa\"");
	expect_refused(MARK "a tls=x:1\nb tls=x:1\na http=x:1\n",
	    "\nf:4: not in sort order: \"a\" after \"b\"");
	expect_refused(MARK "A tls=a:1\nb. tls=a:1\n*.C tls=a:1\n",
	    "\nf:2: \"A\" in a sorted file: not in lower case without trailing dot"
	    "\nf:3: \"b.\" in a sorted file: not in lower case without trailing dot"
	    "\nf:4: \"*.C\" in a sorted file: not in lower case without trailing dot");
}

static void
a_sorted_file_is_searched_like_a_loaded_one(void **state)
{
	char path[PATH_SIZE];
	struct routes *r = open_sorted(MARK "\n* tls=a:1\n# c\n*.org tls=b:1\n\n#\n"
	    "127.0.0.1:1 tcp=x:1\na.org tls=c:1 max=3\n#\n\n  a.org\thttp=d:1\r\n"
	    "b.org alpn:h2=e:1\nz.org tls=f:1", path);

	(void)state;
	assert_string_equal(find(r, ROUTES_TLS, "a.org"), "1000 a.org:0 tls=c:1 max=3");
	assert_string_equal(find(r, ROUTES_HTTP, "a.org"), "1000 a.org:0 http=d:1 max=3");
	assert_string_equal(find(r, ROUTES_TLS, "b.org"), "3 *.org:0 tls=b:1");
	assert_string_equal(find(r, ROUTES_TLS, "x.y.org"), "3 *.org:0 tls=b:1");
	assert_string_equal(find(r, ROUTES_TLS, "z.org"), "1000 z.org:0 tls=f:1");
	assert_string_equal(find(r, ROUTES_TLS, "zz"), "0 *:0 tls=a:1");
	assert_string_equal(find(r, ROUTES_TLS, NULL), "0 *:0 tls=a:1");
	assert_string_equal(find(r, ROUTES_TCP, NULL), "none");
	assert_string_equal(find(r, ROUTES_LISTEN, "127.0.0.1:1"), "1000 127.0.0.1:1:0 tcp=x:1");
	assert_string_equal(find(r, ROUTES_LISTEN, NULL), "none");
	assert_string_equal(said, "");
	routes_free(r);
}

static void
a_bad_line_met_in_a_search_is_reported_and_hides_the_answer(void **state)
{
	char path[PATH_SIZE];
	struct routes *r = open_sorted(MARK "* tls=a:1\n\na.org tls=c:1\na.org tls=c:2\n"
	    "b.org tls=\nc.org tls=c:1\n", path);

	(void)state;
	assert_string_equal(find(r, ROUTES_TLS, "c.org"), "1000 c.org:0 tls=c:1");
	assert_string_equal(said, "");
	assert_string_equal(find(r, ROUTES_TLS, "a.org"), "none");
	assert_string_equal(said, "\nf:5: duplicate tls for a.org (first at line 4)");
	said[0] = '\0';
	assert_string_equal(find(r, ROUTES_TLS, "b.org"), "none");
	assert_string_equal(said, "\nf:6: tls= is empty");
	routes_free(r);
}

static void
a_searched_table_has_no_loaded_ones_gifts(void **state)
{
	char path[PATH_SIZE];
	struct routes *r = open_sorted(MARK ":1 tcp=a:1\na tls=a:1\n", path);
	struct slice address;
	size_t cursor = 0;

	(void)state;
	assert_int_equal(routes_fd(r), -1);
	assert_int_equal(routes_count(r), 0);
	assert_true(routes_has_pass(r));	/* not known */
	assert_int_equal(routes_bytes(r), 0);
	assert_false(routes_next_listen(r, &cursor, &address));
	routes_free(r);
}

static void
long_lines_are_searched_past(void **state)
{
	size_t len = 0, size = 8 * ROUTES_LINE_MAX;
	char *text = calloc(1, size), path[PATH_SIZE];

	(void)state;
	len += (size_t)snprintf(text + len, size - len, MARK "a tls=a:1 #");
	memset(text + len, 'x', ROUTES_LINE_MAX - 11);
	len += ROUTES_LINE_MAX - 11;
	len += (size_t)snprintf(text + len, size - len, "\nb tls=b:1 #");
	memset(text + len, 'x', ROUTES_LINE_MAX + 1 - 11);
	len += ROUTES_LINE_MAX + 1 - 11;
	len += (size_t)snprintf(text + len, size - len, "\nc tls=c:1\nd tls=d:1 #");
	memset(text + len, 'x', 4 * ROUTES_LINE_MAX);
	len += 4 * ROUTES_LINE_MAX;
	snprintf(text + len, size - len, "\ne tls=e:1\n");

	struct routes *r = open_sorted(text, path);
	assert_string_equal(find(r, ROUTES_TLS, "a"), "1000 a:0 tls=a:1");
	assert_string_equal(find(r, ROUTES_TLS, "c"), "1000 c:0 tls=c:1");
	assert_string_equal(find(r, ROUTES_TLS, "e"), "1000 e:0 tls=e:1");
	assert_string_equal(said, "");
	assert_string_equal(find(r, ROUTES_TLS, "b"), "none");
	assert_string_equal(said, "\nf:3: line longer than 65536 bytes");
	assert_string_equal(find(r, ROUTES_TLS, "d"), "none");
	routes_free(r);
	free(text);
}

static void
answers_of_a_search_live_as_long_as_the_table(void **state)
{
	static const char text[] = MARK "a tls=a:1\nb tls=b:1\n";
	char path[PATH_SIZE];
	int fd = file_of(text, sizeof(text) - 1, path);
	struct route a, b;
	struct routes *r;

	(void)state;
	assert_int_equal(routes_open_sorted(path, NULL, NULL, &r), ROUTES_LOADED);
	assert_int_equal(routes_find(r, ROUTES_TLS, slice_str("a"), absent, &a), ROUTES_EXACT);
	assert_int_equal(routes_find(r, ROUTES_TLS, slice_str("b"), absent, &b), ROUTES_EXACT);
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	assert_true(slice_is(a.targets, "a:1") && slice_is(a.name, "a"));
	assert_true(slice_is(b.targets, "b:1") && slice_is(b.name, "b"));
	assert_int_equal(routes_find(r, ROUTES_TLS, slice_str("c"), absent, &b), ROUTES_NO_MATCH);
	routes_free(r);
}

static void
what_a_bad_line_says_is_not_known(void **state)
{
	char path[PATH_SIZE];
	struct routes *r = open_sorted(MARK "a tls=a:1 deny=10.0.0.0/8 bogus=1\nb tls=b:1\n", path);
	struct route out;

	(void)state;
	assert_int_equal(routes_find(r, ROUTES_TLS, slice_str("a"), absent, &out), ROUTES_BAD_LINE);
	assert_int_equal(routes_find(r, ROUTES_TLS, slice_str("c"), absent, &out), ROUTES_NO_MATCH);
	routes_free(r);
}

static void
what_cannot_be_read_is_not_known(void **state)
{
	static char text[9000];		/* more than what is read when it is opened */
	char path[PATH_SIZE];
	int fd, next, other = open("/dev/null", O_WRONLY);
	struct routes *r;
	struct route out;

	(void)state;
	memset(text, '#', sizeof(text));
	memcpy(text, MARK, strlen(MARK));
	memcpy(text + sizeof(text) - 11, "\nb tls=b:1\n", 11);
	fd = file_of(text, sizeof(text), path);
	next = dup(fd);
	close(next);			/* what routes_open_sorted() will get */
	assert_int_equal(routes_open_sorted(path, NULL, NULL, &r), ROUTES_LOADED);
	assert_int_equal(dup2(other, next), next);
	assert_int_equal(routes_find(r, ROUTES_TLS, slice_str("b"), absent, &out),
	    ROUTES_UNREADABLE);
	routes_free(r);
	close(other);
	close(fd);
}

/* ---- random tables against a reference that compares every line with every name ---- */

#define REF_LINES 60
#define REF_NAME 40

struct ref_line {
	char name[REF_NAME];	/* canonical */
	unsigned keys;		/* bits of REF_* */
	unsigned id;		/* the port of its targets */
	unsigned number;	/* in the file */
};

enum { REF_TLS = 1, REF_HTTP = 2, REF_H2 = 4, REF_X = 8, REF_TCP = 16, REF_ALL = 31 };

static uint32_t random_state = 1;

static unsigned
any(unsigned below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

static void
any_name(char out[static REF_NAME])
{
	static const char *const labels[] = { "a", "b", "ab", "a-b", "c" };
	unsigned n = 1 + any(3);

	out[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		strcat(out, i == 0 ? "" : ".");
		strcat(out, labels[any(5)]);
	}
}

static void
any_line(struct ref_line *line)
{
	char suffix[REF_NAME - 2];
	unsigned form = any(8);

	any_name(line->name);
	memcpy(suffix, line->name, sizeof(suffix));
	if (form == 0)
		strcpy(line->name, "*");
	else if (form <= 3)
		snprintf(line->name, sizeof(line->name), "*.%s", suffix);
	line->keys = 1 + any(form == 0 ? REF_ALL : REF_TCP - 1);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct ref_line *)a)->name, ((const struct ref_line *)b)->name);
}

/* Some lines, no key twice for a name; sorted or not. */
static unsigned
any_table(struct ref_line lines[static REF_LINES], bool sorted)
{
	unsigned wanted = any(REF_LINES + 1), n = 0;

	while (n < wanted) {
		any_line(&lines[n]);
		for (unsigned i = 0; i < n; i++)
			if (strcmp(lines[i].name, lines[n].name) == 0)
				lines[n].keys &= ~lines[i].keys;
		if (lines[n].keys == 0)
			wanted--;
		else
			n++;
	}
	if (sorted)
		qsort(lines, n, sizeof(*lines), by_name);
	for (unsigned i = 0; i < n; i++)
		lines[i].id = 1 + i;
	return n;
}

static size_t
write_name(char *out, const char *name, bool sorted)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		out[i] = !sorted && any(4) == 0 && name[i] >= 'a' ?
		    (char)(name[i] - 'a' + 'A') : name[i];
	if (!sorted && n > 1 && any(4) == 0)
		out[n++] = '.';
	return n;
}

static size_t
write_table(char *out, struct ref_line *lines, unsigned n, bool sorted)
{
	static const char *const words[] = { "tls", "http", "alpn:h2", "alpn:x", "tcp" };
	size_t len = (size_t)sprintf(out, "%s", sorted ? MARK : "");
	unsigned number = sorted;

	for (unsigned i = 0; i < n; i++) {
		for (unsigned skip = any(3); skip > 0; skip--, number++)
			len += (size_t)sprintf(out + len, "%s\n", any(2) ? "# zzz" : "");
		lines[i].number = ++number;
		len += write_name(out + len, lines[i].name, sorted);
		for (unsigned k = 0; k < 5; k++)
			if (lines[i].keys >> k & 1)
				len += (size_t)sprintf(out + len, " %s=t:%u",
				    words[k], lines[i].id);
		len += (size_t)sprintf(out + len, "%s", any(10) ? "\n" : "\r\n");
	}
	return len;
}

static int
ref_rank(const char *pattern, const char *name)
{
	size_t n = strlen(name), p = strlen(pattern);

	if (strcmp(pattern, "*") == 0)
		return 0;
	if (pattern[0] != '*')
		return strcmp(pattern, name) == 0 ? ROUTES_EXACT : -1;
	return n > p - 1 && strcmp(name + n - (p - 1), pattern + 1) == 0 ? (int)p - 2 : -1;
}

/* The keys that answer a look-up, the best one first, 0 at the end. */
static const unsigned *
ref_keys(enum routes_kind kind, unsigned alpn)
{
	static const unsigned tls[][4] = {
		{ REF_TLS },
		{ REF_H2, REF_TLS },
		{ REF_X, REF_H2, REF_TLS },
		{ REF_X, REF_TLS },
	};
	static const unsigned http[] = { REF_HTTP, REF_TLS, 0 }, tcp[] = { REF_TCP, 0 };

	return kind == ROUTES_TLS ? tls[alpn] : kind == ROUTES_HTTP ? http : tcp;
}

static const char *const alpns[] = { NULL, "\x02h2", "\x01y\x01x\x02h2", "\x01x\x02H2" };

static const struct ref_line *
ref_find(const struct ref_line *lines, unsigned n, enum routes_kind kind, const char *name,
    unsigned alpn, int *rank)
{
	const struct ref_line *best = NULL;
	size_t best_key = 0;

	*rank = ROUTES_NO_MATCH;
	for (unsigned i = 0; i < n; i++) {
		int this_rank = ref_rank(lines[i].name, kind == ROUTES_TCP ? "" : name);
		const unsigned *keys = ref_keys(kind, alpn);

		for (size_t k = 0; keys[k] != 0; k++)
			if (this_rank >= 0 && lines[i].keys & keys[k] &&
			    (this_rank > *rank || (this_rank == *rank && k < best_key))) {
				best = &lines[i];
				best_key = k;
				*rank = this_rank;
			}
	}
	return best;
}

static void
compare(const struct routes *r, const struct ref_line *lines, unsigned n, bool searched)
{
	enum routes_kind kind = (enum routes_kind)any(3);
	unsigned alpn = any(4);
	char name[REF_NAME] = "", targets[16];
	struct route out;
	int rank;

	if (any(10) > 0)
		any_name(name);

	const struct ref_line *want = ref_find(lines, n, kind, name, alpn, &rank);

	assert_int_equal(routes_find(r, kind, slice_str(name), slice_str(alpns[alpn]), &out), rank);
	if (want == NULL)
		return;
	snprintf(targets, sizeof(targets), "t:%u", want->id);
	assert_true(slice_is(out.targets, targets));
	assert_int_equal(routes_line_number(r, &out), searched ? 0 : want->number);
}

static void
random_tables_answer_like_a_linear_search(void **state)
{
	struct ref_line lines[REF_LINES];
	static char text[1 << 16];

	(void)state;
	for (unsigned round = 0; round < 600; round++) {
		bool sorted = round % 2;
		unsigned n = any_table(lines, sorted);
		size_t len = write_table(text, lines, n, sorted);
		struct routes *r = load_bytes(text, len);
		char path[PATH_SIZE];

		assert_string_equal(said, "");
		assert_int_equal(routes_count(r), n);
		for (unsigned i = 0; i < 100; i++)
			compare(r, lines, n, false);
		routes_free(r);
		if (!sorted)
			continue;
		text[len - any(2)] = '\0';
		r = open_sorted(text, path);
		for (unsigned i = 0; i < 100; i++)
			compare(r, lines, n, true);
		assert_string_equal(said, "");
		routes_free(r);
	}
}

/* ---- many ---- */

#define MANY 200000u

static size_t
write_many(char *out, size_t size)
{
	size_t len = (size_t)snprintf(out, size, MARK);

	for (unsigned i = 0; i < MANY; i++)
		len += (size_t)snprintf(out + len, size - len,
		    "host%06u.example.org tls=10.0.%u.%u:443\n", i, i >> 8 & 255, i & 255);
	return len;
}

static void
many_routes_cost_little_more_than_their_text_and_all_answer(void **state)
{
	size_t size = MANY * 64;
	char *text = malloc(size), path[PATH_SIZE], name[64];
	size_t len = write_many(text, size);
	struct routes *r = load(text), *searched = open_sorted(text, path);
	struct route out;

	(void)state;
	assert_int_equal(routes_count(r), MANY);
	assert_true(routes_bytes(r) < len * 14 / 10);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "host%06u.example.org", i);
		assert_int_equal(routes_find(r, ROUTES_TLS, slice_str(name), absent, &out),
		    ROUTES_EXACT);
		assert_int_equal(routes_line_number(r, &out), i + 2);
		assert_true(slice_is(out.name, name));
		if (i % 1000 == 0) {
			assert_int_equal(routes_find(searched, ROUTES_TLS, slice_str(name),
			    absent, &out), ROUTES_EXACT);
			assert_true(slice_is(out.name, name));
		}
		name[0] = 'x';
		assert_int_equal(routes_find(r, ROUTES_TLS, slice_str(name), absent, &out),
		    ROUTES_NO_MATCH);
	}
	routes_free(searched);
	routes_free(r);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_first_line_makes_a_file_sorted),
		cmocka_unit_test(
		    a_sorted_file_that_cannot_be_searched_is_told_from_one_that_cannot_be_read),
		cmocka_unit_test(the_order_of_a_sorted_file_is_checked_when_it_is_loaded),
		cmocka_unit_test(a_sorted_file_is_searched_like_a_loaded_one),
		cmocka_unit_test(a_bad_line_met_in_a_search_is_reported_and_hides_the_answer),
		cmocka_unit_test(a_searched_table_has_no_loaded_ones_gifts),
		cmocka_unit_test(long_lines_are_searched_past),
		cmocka_unit_test(answers_of_a_search_live_as_long_as_the_table),
		cmocka_unit_test(what_a_bad_line_says_is_not_known),
		cmocka_unit_test(what_cannot_be_read_is_not_known),
		cmocka_unit_test(random_tables_answer_like_a_linear_search),
		cmocka_unit_test(many_routes_cost_little_more_than_their_text_and_all_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
