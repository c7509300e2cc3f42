/* SPDX-License-Identifier: ISC */
/* Tests of lib/hello.c: the hellos of real programs in tests/data/hello. */
#include <dirent.h>

#include "hello_help.h"

struct capture {
	const char *file, *name;
	const char *alpn;	/* the first protocols offered, separated by commas */
	int protocols;		/* and how many there are */
};

static const struct capture captures[] = {
	{ "chromium.bin", "www.example.org", "h2,http/1.1", 2 },
	{ "curl.bin", "www.example.org", "h2,http/1.1", 2 },
	{ "gnutls.bin", "www.example.org", "h2,http/1.1", 2 },
	{ "node.bin", "www.example.org", "h2,http/1.1", 2 },
	{ "nss.bin", "www.example.org", "", 0 },
	{ "openssl.bin", "www.example.org", "h2,http/1.1", 2 },
	{ "openssl-early-data.bin", "www.example.org", "http/1.1", 1 },
	{ "openssl-no-sni.bin", NULL, "", 0 },
	{ "openssl-records.bin", "www.example.org", "protocol-0,protocol-1", 60 },
	{ "openssl-tls12.bin", "www.example.org", "", 0 },
	{ "python.bin", "www.example.org", "", 0 },
};

static void
assert_capture_answers(const struct capture *c)
{
	struct slice list = h.alpn, wanted = slice_str(c->alpn), protocol;
	int protocols = 0;

	while ((protocol = hello_alpn_next(&list)).p != NULL) {
		assert_true(wanted.len == 0 || slice_eq(slice_cut(&wanted, ','), protocol));
		protocols++;
	}
	assert_int_equal(wanted.len, 0);
	assert_int_equal(protocols, c->protocols);
	assert_true(slice_is(h.name, c->name));
	assert_int_equal(h.version, 0x0303);
}

/* The file into wire, its message into message (as the reader finds it, checked by the answers). */
static void
load_capture(const struct capture *c)
{
	const char *dir = getenv("TESTDATA");
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/hello/%s", dir == NULL ? "tests/data" : dir, c->file);
	if ((f = fopen(path, "rb")) == NULL)
		fail_msg("%s cannot be opened", path);
	wire.len = fread(wire.at, 1, BYTES_MAX, f);
	fclose(f);
	message.len = 0;
	for (size_t at = 0; at + 5 < wire.len && wire.at[at] == 22; ) {
		size_t len = (size_t)wire.at[at + 3] << 8 | wire.at[at + 4];

		put(&message, wire.at + at + 5, len);
		at += 5 + len;
	}
}

static void
check_every_prefix(const struct capture *c, enum hello_verdict verdict)
{
	assert_int_equal(parse_wire(), verdict);
	assert_capture_answers(c);
	size_t end = h.end;

	for (size_t n = 0; n < end; n++)
		assert_int_equal(parse(wire.at, n), HELLO_MORE);
	for (size_t n = end; n <= wire.len; n++)
		assert_int_equal(parse(wire.at, n), verdict);
	assert_int_equal(parse_slowly(wire.at, wire.len), verdict);
	assert_capture_answers(c);
}

static void
check_every_record_split(const struct capture *c, enum hello_verdict verdict)
{
	for (size_t n = 1; n < message.len; n++) {
		wire.len = 0;
		put_record(message.at, n);
		put_record(message.at + n, message.len - n);
		assert_int_equal(parse_wire(), verdict);
		assert_capture_answers(c);
	}
	build_records(1);
	assert_int_equal(parse_slowly(wire.at, wire.len), verdict);
	assert_capture_answers(c);
}

static void
hellos_of_real_programs_are_read_however_they_are_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(captures); i++) {
		enum hello_verdict verdict = captures[i].name == NULL ? HELLO_NO_SNI : HELLO_OK;

		load_capture(&captures[i]);
		check_every_prefix(&captures[i], verdict);
		check_every_record_split(&captures[i], verdict);
	}
}

static void
every_capture_is_in_the_table(void **state)
{
	const char *dir = getenv("TESTDATA");
	struct dirent *entry;
	char path[4096];
	size_t files = 0;
	DIR *d;

	(void)state;
	snprintf(path, sizeof(path), "%s/hello", dir == NULL ? "tests/data" : dir);
	d = opendir(path);
	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		files += strstr(entry->d_name, ".bin") != NULL;
	closedir(d);
	assert_int_equal(files, COUNT(captures));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hellos_of_real_programs_are_read_however_they_are_cut),
		cmocka_unit_test(every_capture_is_in_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, free_copies);
}
