/* SPDX-License-Identifier: ISC */
/* Tests of lib/identity.c: ids of published keys, files that are no key of ours, keys made. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base64.h"
#include "identity.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define RFC7515_ID "ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sq"

static char folder[] = "/tmp/identity_test.XXXXXX";
static char path[sizeof(folder) + 8];
static char why[IDENTITY_WHY_MAX];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/key", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);	/* fails when something was left in it */
}

/* ---- keys ---- */

static size_t
base64url(const char *text, uint8_t *out)
{
	char plain[128];
	size_t len = strlen(text), bytes;

	memcpy(plain, text, len);
	for (size_t i = 0; i < len; i++)
		plain[i] = plain[i] == '-' ? '+' : plain[i] == '_' ? '/' : plain[i];
	while (len % 4 != 0)
		plain[len++] = '=';
	assert_true(base64_decode(slice_of(plain, len), (char *)out, &bytes));
	return bytes;
}

/* RFC 7515 A.3, with its point as given or compressed. */
static EVP_PKEY *
rfc7515_key(bool compressed)
{
	uint8_t x[33], y[33], d[33], point[65] = { 4 };
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	OSSL_PARAM *params;
	BIGNUM *n;

	assert_int_equal(base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", x), 32);
	assert_int_equal(base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", y), 32);
	assert_int_equal(base64url("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI", d), 32);
	memcpy(point + 1, x, 32);
	memcpy(point + 33, y, 32);
	if (compressed)
		point[0] = 2 | (y[31] & 1);
	n = BN_bin2bn(d, 32, NULL);
	OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
	OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, compressed ? 33 : 65);
	OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, n);
	params = OSSL_PARAM_BLD_to_param(b);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
	if (compressed)
		EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
		    "compressed");
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	return key;
}

/* RFC 8037 A.1. */
static EVP_PKEY *
rfc8037_key(void)
{
	uint8_t d[33];
	EVP_PKEY *key;

	assert_int_equal(base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", d), 32);
	key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, d, 32);
	assert_non_null(key);
	return key;
}

/* Bit by bit, to be sure. */
static void
slow_base32(const uint8_t *in, size_t len, char *out)
{
	for (size_t bit = 0; bit < len * 8; bit += 5) {
		unsigned v = 0;

		for (size_t i = bit; i < bit + 5; i++)
			v = v << 1 | (i < len * 8 ? in[i / 8] >> (7 - i % 8) & 1u : 0u);
		*out++ = v < 26 ? (char)('a' + v) : (char)('2' + v - 26);
	}
	*out = '\0';
}

/* A PEM of the key as a heap copy of just its size; owned by the caller. */
static char *
pem_of(EVP_PKEY *key, size_t *len, bool traditional, const char *password)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const EVP_CIPHER *cipher = password == NULL ? NULL : EVP_aes_256_cbc();
	char *data, *copy;
	int ok;

	if (traditional)
		ok = PEM_write_bio_PrivateKey_traditional(bio, key, cipher, NULL, 0, NULL,
		    (void *)(uintptr_t)password);
	else
		ok = PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, NULL, 0, NULL,
		    (void *)(uintptr_t)password);
	assert_int_equal(ok, 1);
	*len = (size_t)BIO_get_mem_data(bio, &data);
	copy = malloc(*len);
	memcpy(copy, data, *len);
	BIO_free(bio);
	return copy;
}

/* Reads what holds the key, which is freed. */
static struct identity *
parse_key(EVP_PKEY *key, bool traditional, const char *password)
{
	size_t len;
	char *pem = pem_of(key, &len, traditional, password);
	struct identity *me = identity_parse(slice_of(pem, len), why);

	EVP_PKEY_free(key);
	free(pem);
	assert_int_equal(ERR_peek_error(), 0);
	return me;
}

static struct identity *
parse(const char *text, size_t len)
{
	char *copy = malloc(len);
	struct identity *me;

	if (len > 0)
		memcpy(copy, text, len);
	me = identity_parse(slice_of(copy, len), why);
	free(copy);
	assert_int_equal(ERR_peek_error(), 0);
	return me;
}

static void
put_file(const void *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
put_key(EVP_PKEY *key, mode_t mode)
{
	size_t len;
	char *pem = pem_of(key, &len, false, NULL);

	put_file(pem, len, mode);
	free(pem);
	EVP_PKEY_free(key);
}

static void
assert_why(const char *part)
{
	if (strstr(why, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why, part);
}

/* ---- ids ---- */

static void
a_published_p256_key_has_its_id(void **state)
{
	struct identity *me = parse_key(rfc7515_key(false), false, NULL);

	(void)state;
	assert_non_null(me);
	assert_string_equal(identity_id(me), RFC7515_ID);
	identity_free(me);
}

static void
a_published_ed25519_key_has_its_id(void **state)
{
	struct identity *me = parse_key(rfc8037_key(), false, NULL);
	uint8_t thumbprint[33];
	char id[64];

	(void)state;
	assert_int_equal(base64url("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", thumbprint), 32);
	slow_base32(thumbprint, 32, id);
	assert_non_null(me);
	assert_string_equal(identity_id(me), id);
	identity_free(me);
}

static void
sec1_and_compressed_points_make_no_difference(void **state)
{
	struct identity *sec1 = parse_key(rfc7515_key(false), true, NULL),
	    *small = parse_key(rfc7515_key(true), false, NULL);

	(void)state;
	assert_non_null(sec1);
	assert_non_null(small);
	assert_string_equal(identity_id(sec1), RFC7515_ID);
	assert_string_equal(identity_id(small), RFC7515_ID);
	identity_free(sec1);
	identity_free(small);
}

static void
parameters_in_front_of_a_key_are_skipped(void **state)
{
	static const char parameters[] =
	    "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
	EVP_PKEY *key = rfc7515_key(false);
	size_t len;
	char *pem = pem_of(key, &len, true, NULL), text[2048];
	struct identity *me;

	(void)state;
	snprintf(text, sizeof(text), "%s%.*s", parameters, (int)len, pem);
	me = parse(text, strlen(text));
	assert_non_null(me);
	assert_string_equal(identity_id(me), RFC7515_ID);
	identity_free(me);
	EVP_PKEY_free(key);
	free(pem);
}

static void
what_has_the_shape_of_an_id(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} t[] = {
		{ RFC7515_ID, true },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true },
		{ "222222222222222222222222227777777777777777777777777q", true },
		{ "", false },
		{ "ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7s", false },
		{ "ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sqa", false },
		{ "ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sb", false },
		{ "ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7s2", false },
		{ "Ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sq", false },
		{ "0crdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sq", false },
		{ "1crdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sq", false },
		{ "8crdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sq", false },
		{ "{crdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sq", false },
		{ "ucrdfqxrssstku6lcmin3paie-sbjoox5p6csczsgccnpuicb7sq", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(identity_id_valid(slice_str(t[i].text)), t[i].valid);
	assert_false(identity_id_valid(slice_of(NULL, 0)));
}

static void
names_that_begin_with_an_id_are_reserved(void **state)
{
	(void)state;
	assert_true(identity_reserved(slice_str(RFC7515_ID)));
	assert_true(identity_reserved(slice_str(RFC7515_ID ".")));
	assert_true(identity_reserved(slice_str(RFC7515_ID ".tun.example.com")));
	assert_true(identity_reserved(slice_str("*." RFC7515_ID ".tun.example.com")));
	assert_false(identity_reserved(slice_str("x." RFC7515_ID ".tun.example.com")));
	assert_false(identity_reserved(slice_str(RFC7515_ID "x.tun.example.com")));
	assert_false(identity_reserved(slice_str("www.example.org")));
	assert_false(identity_reserved(slice_str("")));
}

/* ---- what is no key of ours ---- */

static EVP_PKEY *
wrong_half(void)
{
	/* RFC 7515's point with another private number. */
	static const char pem[] = "-----BEGIN EC PRIVATE KEY-----\n"
	    "MHcCAQEEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHoAoGCCqGSM49\n"
	    "AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b\n"
	    "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n-----END EC PRIVATE KEY-----\n";
	BIO *bio = BIO_new_mem_buf(pem, sizeof(pem) - 1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	assert_non_null(key);
	BIO_free(bio);
	return key;
}

static void
keys_of_other_kinds_are_refused_by_name(void **state)
{
	(void)state;
	assert_null(parse_key(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048), false, NULL));
	assert_why("RSA");
	assert_null(parse_key(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"), false, NULL));
	assert_why("EC secp384r1");
	assert_null(parse_key(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"), false, NULL));
	assert_why("EC secp256k1");
	assert_null(parse_key(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), false, NULL));
	assert_why("X25519");
	assert_null(parse_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"), false, NULL));
	assert_why("ED448");
}

static void
halves_that_do_not_match_are_refused(void **state)
{
	(void)state;
	assert_null(parse_key(wrong_half(), true, NULL));
	assert_why("not that of the private key");
}

/* A prompt would be read from the terminal, or from standard input: the test would hang. */
static void
an_encrypted_key_is_refused_without_asking(void **state)
{
	(void)state;
	assert_null(parse_key(rfc8037_key(), false, "secret"));
	assert_why("encrypted");
	assert_null(parse_key(rfc7515_key(false), true, "secret"));
	assert_why("encrypted");
}

static void
every_prefix_of_a_key_is_no_key(void **state)
{
	EVP_PKEY *key = rfc8037_key();
	size_t len;
	char *pem = pem_of(key, &len, false, NULL);

	(void)state;
	for (size_t n = 0; n < len - 1; n++) {	/* all but the last line break */
		assert_null(parse(pem, n));
		assert_why("no private key in PEM");
	}
	EVP_PKEY_free(key);
	free(pem);
}

static void
no_damaged_byte_makes_trouble(void **state)
{
	EVP_PKEY *key = rfc7515_key(false);
	size_t len;
	char *pem = pem_of(key, &len, true, NULL);

	(void)state;
	for (size_t n = 0; n < len; n++) {
		pem[n] ^= 1 << n % 7;
		identity_free(parse(pem, len));
		pem[n] ^= 1 << n % 7;
	}
	EVP_PKEY_free(key);
	free(pem);
}

static void
public_keys_and_certificates_are_no_private_keys(void **state)
{
	static const char public[] = "-----BEGIN PUBLIC KEY-----\n"
	    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwAaPjcHXRo=\n"
	    "-----END PUBLIC KEY-----\n";

	(void)state;
	assert_null(parse(public, sizeof(public) - 1));
	assert_why("no private key in PEM");
}

/* ---- files ---- */

static void
a_key_comes_from_a_file_of_mode_600_or_400(void **state)
{
	static const mode_t good[] = { 0600, 0400, 0700 },
	    bad[] = { 0604, 0640, 0620, 0601, 0610, 0644, 0660 };
	struct identity *me;
	char mode[8];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		put_key(rfc7515_key(false), good[i]);
		assert_non_null(me = identity_load(path, why));
		assert_string_equal(identity_id(me), RFC7515_ID);
		identity_free(me);
		unlink(path);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		put_key(rfc7515_key(false), bad[i]);
		assert_null(identity_load(path, why));
		assert_int_equal(errno, 0);
		assert_why(path);
		snprintf(mode, sizeof(mode), "%04o", (unsigned)bad[i]);
		assert_why(mode);
		assert_why("chmod 600");
	}
}

static void
a_file_that_is_no_key_says_so_without_an_errno(void **state)
{
	char big[16385];

	(void)state;
	put_file("hello\n", 6, 0600);
	errno = EIO;
	assert_null(identity_load(path, why));
	assert_int_equal(errno, 0);
	assert_why("no private key");
	assert_null(strstr(why, "hello"));
	memset(big, '\n', sizeof(big));
	put_file(big, sizeof(big), 0600);
	assert_null(identity_load(path, why));
	assert_int_equal(errno, 0);
	assert_why("over 16384 bytes");
	put_file(big, 0, 0600);
	assert_null(identity_load(path, why));
	assert_int_equal(errno, 0);
}

static void
what_is_no_plain_file_is_refused_at_once(void **state)
{
	(void)state;
	unlink(path);
	assert_null(identity_load(path, why));
	assert_int_equal(errno, ENOENT);
	assert_why(path);
	assert_why("No such file");
	assert_int_equal(mkfifo(path, 0600), 0);	/* nobody will ever write to it */
	assert_null(identity_load(path, why));
	assert_int_equal(errno, 0);
	assert_why("not a plain file");
	assert_null(identity_load(folder, why));
	assert_why("not a plain file");
	unlink(path);
}

static void
a_long_path_leaves_room_for_the_reason(void **state)
{
	char name[600];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_null(identity_load(name, why));
	assert_int_equal(errno, ENAMETOOLONG);
	assert_why("File name too long");
}

/* ---- making a key ---- */

static void
a_new_key_is_private_and_different_each_time(void **state)
{
	char first[IDENTITY_ID_SIZE] = "";
	struct stat st;
	mode_t mask = umask(0);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct identity *me;

		umask(i == 0 ? 0 : 0777);
		assert_int_equal(identity_new_file(path), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		assert_int_equal(st.st_nlink, 1);
		assert_non_null(me = identity_load(path, why));
		assert_true(identity_id_valid(slice_str(identity_id(me))));
		assert_string_not_equal(identity_id(me), first);
		memcpy(first, identity_id(me), sizeof(first));
		identity_free(me);
		assert_int_equal(unlink(path), 0);
	}
	umask(mask);
}

static void
a_file_that_is_there_stays(void **state)
{
	char text[8] = "";
	int fd;

	(void)state;
	put_file("mine", 4, 0644);
	assert_int_equal(identity_new_file(path), -1);
	assert_int_equal(errno, EEXIST);
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	close(fd);
	assert_string_equal(text, "mine");
	unlink(path);
	assert_int_equal(symlink("nowhere", path), 0);
	assert_int_equal(identity_new_file(path), -1);
	assert_int_equal(errno, EEXIST);
	unlink(path);
}

static void
where_it_cannot_be_written_nothing_is_left(void **state)
{
	struct rlimit old, none = { 0, 0 };

	(void)state;
	assert_int_equal(identity_new_file("/nonexistent/key"), -1);
	assert_int_equal(errno, ENOENT);
	getrlimit(RLIMIT_FSIZE, &old);
	none.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	/* as good as a full disk; remove_folder() sees what is left */
	setrlimit(RLIMIT_FSIZE, &none);
	assert_int_equal(identity_new_file(path), -1);
	assert_int_equal(errno, EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(access(path, F_OK), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_published_p256_key_has_its_id),
		cmocka_unit_test(a_published_ed25519_key_has_its_id),
		cmocka_unit_test(sec1_and_compressed_points_make_no_difference),
		cmocka_unit_test(parameters_in_front_of_a_key_are_skipped),
		cmocka_unit_test(what_has_the_shape_of_an_id),
		cmocka_unit_test(names_that_begin_with_an_id_are_reserved),
		cmocka_unit_test(keys_of_other_kinds_are_refused_by_name),
		cmocka_unit_test(halves_that_do_not_match_are_refused),
		cmocka_unit_test(an_encrypted_key_is_refused_without_asking),
		cmocka_unit_test(every_prefix_of_a_key_is_no_key),
		cmocka_unit_test(no_damaged_byte_makes_trouble),
		cmocka_unit_test(public_keys_and_certificates_are_no_private_keys),
		cmocka_unit_test(a_key_comes_from_a_file_of_mode_600_or_400),
		cmocka_unit_test(a_file_that_is_no_key_says_so_without_an_errno),
		cmocka_unit_test(what_is_no_plain_file_is_refused_at_once),
		cmocka_unit_test(a_long_path_leaves_room_for_the_reason),
		cmocka_unit_test(a_new_key_is_private_and_different_each_time),
		cmocka_unit_test(a_file_that_is_there_stays),
		cmocka_unit_test(where_it_cannot_be_written_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
