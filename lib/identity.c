/* SPDX-License-Identifier: ISC */
/* Keys and ids, using OpenSSL's libcrypto. */
#include "identity.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "file.h"
#include "replace.h"
#include "sha256.h"

#define PEM_MAX 16384u
#define COORDINATE 32u		/* bytes of an Ed25519 key, and of x and y of a P-256 key */
#define COORDINATE_TEXT 45u	/* in base64, NUL included */
#define WHY_PATH 160		/* bytes of a path in a reason: what is wrong must fit after it */

struct identity {
	EVP_PKEY *key;		/* owned */
	char id[IDENTITY_ID_SIZE];
};

/* ---- ids ---- */

/* Base64 in the alphabet of JWKs, without padding. */
static void
base64url(const uint8_t in[static COORDINATE], char out[static COORDINATE_TEXT])
{
	char *p = out;

	EVP_EncodeBlock((unsigned char *)out, in, COORDINATE);
	for (; *p != '=' && *p != '\0'; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	*p = '\0';
}

static void
base32(const uint8_t in[static SHA256_SIZE], char out[static IDENTITY_ID_SIZE])
{
	for (unsigned i = 0; i < IDENTITY_ID_LEN; i++) {
		unsigned byte = i * 5 / 8, bit = i * 5 % 8;
		unsigned two = (unsigned)in[byte] << 8 |
		    (byte + 1 < SHA256_SIZE ? in[byte + 1] : 0u);

		out[i] = "abcdefghijklmnopqrstuvwxyz234567"[two >> (11 - bit) & 31];
	}
	out[IDENTITY_ID_LEN] = '\0';
}

/* One coordinate of a P-256 point, padded to the size of the curve, and as base64url. */
static bool
coordinate(EVP_PKEY *key, const char *name, char out[static COORDINATE_TEXT])
{
	uint8_t bytes[COORDINATE];
	BIGNUM *n = NULL;
	bool ok = EVP_PKEY_get_bn_param(key, name, &n) == 1 &&
	    BN_bn2binpad(n, bytes, COORDINATE) == (int)COORDINATE;

	BN_free(n);
	if (ok)
		base64url(bytes, out);
	return ok;
}

/* EVP_PKEY_is_a() would need memory, and without it report another kind. */
static bool
is_a(EVP_PKEY *key, const char *kind)
{
	const char *name = EVP_PKEY_get0_type_name(key);

	return name != NULL && strcmp(name, kind) == 0;
}

/* Whether it is of a kind we accept. */
static bool
is_ours(EVP_PKEY *key)
{
	char curve[32];

	if (is_a(key, "ED25519"))
		return true;
	return is_a(key, "EC") && EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
	    strcmp(curve, "prime256v1") == 0;
}

/*
 * The members that make up the key, ordered by name and without blanks (RFC 7638 3).
 * False when out of memory.
 */
static bool
jwk_of(EVP_PKEY *key, char *out, size_t size)
{
	char x[COORDINATE_TEXT], y[COORDINATE_TEXT];
	uint8_t bytes[COORDINATE];
	size_t len = sizeof(bytes);

	if (is_a(key, "ED25519")) {
		if (EVP_PKEY_get_raw_public_key(key, bytes, &len) != 1 || len != COORDINATE)
			return false;
		base64url(bytes, x);
		snprintf(out, size, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
		return true;
	}
	if (!coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, x) ||
	    !coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, y))
		return false;
	snprintf(out, size, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
	return true;
}

bool
identity_id_of(EVP_PKEY *key, char id[static IDENTITY_ID_SIZE])
{
	uint8_t hash[SHA256_SIZE];
	char jwk[192];
	bool ours = is_ours(key);
	bool ok = ours && jwk_of(key, jwk, sizeof(jwk)) && sha256(slice_str(jwk), hash);

	ERR_clear_error();
	if (ok)
		base32(hash, id);
	else
		errno = ours ? ENOMEM : 0;
	return ok;
}

bool
identity_id_valid(struct slice text)
{
	if (text.len != IDENTITY_ID_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!(text.p[i] >= 'a' && text.p[i] <= 'z') &&
		    !(text.p[i] >= '2' && text.p[i] <= '7'))
			return false;
	/* 52 * 5 bits carry 256 */
	return text.p[text.len - 1] == 'a' || text.p[text.len - 1] == 'q';
}

bool
identity_reserved(struct slice name)
{
	if (slice_starts(name, "*."))
		name = slice_skip(name, 2);
	return identity_id_valid(slice_cut(&name, '.'));
}

/* ---- reading a key ---- */

/* Instead of OpenSSL's own, which would ask on the terminal. */
static int
no_password(char *buf, int size, int writing, void *asked)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static EVP_PKEY *
read_pem(struct slice pem, bool *encrypted)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
	EVP_PKEY *key = bio == NULL ? NULL :
	    PEM_read_bio_PrivateKey(bio, NULL, no_password, encrypted);

	BIO_free(bio);
	return key;
}

/* Whether its halves belong together: otherwise no peer would believe us. */
static bool
is_pair(EVP_PKEY *key)
{
	EVP_PKEY_CTX *check = EVP_PKEY_CTX_new(key, NULL);
	bool ok = check != NULL && EVP_PKEY_pairwise_check(check) == 1;

	EVP_PKEY_CTX_free(check);
	return ok;
}

static void
name_kind(EVP_PKEY *key, char why[static IDENTITY_WHY_MAX])
{
	char curve[64] = "";

	EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL);
	snprintf(why, IDENTITY_WHY_MAX, "the key is of kind %.40s%s%s, not Ed25519 or P-256",
	    EVP_PKEY_get0_type_name(key), curve[0] != '\0' ? " " : "", curve);
}

/* Judge what was read; fills the id, or the reason. */
static bool
accept_key(struct identity *me, bool encrypted, char why[static IDENTITY_WHY_MAX])
{
	if (encrypted)
		snprintf(why, IDENTITY_WHY_MAX,
		    "the key is encrypted: nobody is there to type a password");
	else if (me->key == NULL)
		snprintf(why, IDENTITY_WHY_MAX, "no private key in PEM");
	else if (!identity_id_of(me->key, me->id))
		name_kind(me->key, why);
	else if (!is_pair(me->key))
		snprintf(why, IDENTITY_WHY_MAX,
		    "the public key in it is not that of the private key");
	else
		return true;
	return false;
}

/* NULL with the apparent reason. */
static struct identity *
parse(struct slice pem, char why[static IDENTITY_WHY_MAX])
{
	struct identity *me = calloc(1, sizeof(*me));
	bool encrypted = false, ok;

	snprintf(why, IDENTITY_WHY_MAX, "out of memory");
	if (me == NULL)
		return NULL;
	me->key = read_pem(pem, &encrypted);
	ok = accept_key(me, encrypted, why);
	ERR_clear_error();
	if (ok)
		return me;
	identity_free(me);
	return NULL;
}

/*
 * Whether everything needed to read a key is there. OpenSSL tries one decoder after another and
 * forgets why each failed, so running out of memory looks like a key of an unknown kind.
 */
static bool
can_parse(void)
{
	static const char good[] =	/* all zeros: anybody's */
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	    "-----END PRIVATE KEY-----\n";
	char why[IDENTITY_WHY_MAX];
	struct identity *me = parse(slice_str(good), why);
	bool ok = me != NULL;

	identity_free(me);
	return ok;
}

struct identity *
identity_parse(struct slice pem, char why[static IDENTITY_WHY_MAX])
{
	struct identity *me;

	/* 100 KiB of error texts nobody asks for */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL);
	me = parse(pem, why);
	if (me != NULL)
		return me;
	if (!can_parse()) {
		snprintf(why, IDENTITY_WHY_MAX, "out of memory");
		errno = ENOMEM;
		return NULL;
	}
	me = parse(pem, why);		/* the shortage may have been momentary */
	errno = 0;
	return me;
}

static void
put_path_first(const char *path, char why[static IDENTITY_WHY_MAX])
{
	char reason[IDENTITY_WHY_MAX];

	memcpy(reason, why, sizeof(reason));
	snprintf(why, IDENTITY_WHY_MAX, "%.*s: %.*s", WHY_PATH, path,
	    (int)IDENTITY_WHY_MAX - WHY_PATH - 4, reason);
}

struct identity *
identity_load(const char *path, char why[static IDENTITY_WHY_MAX])
{
	struct identity *me = NULL;
	size_t len;
	char *pem = file_read(path, PEM_MAX, true, &len, why);
	int saved;

	if (pem != NULL)
		me = identity_parse(slice_of(pem, len), why);
	saved = errno;
	if (pem != NULL)
		OPENSSL_cleanse(pem, len);
	free(pem);
	if (me == NULL)
		put_path_first(path, why);
	errno = saved;
	return me;
}

void
identity_free(struct identity *me)
{
	if (me == NULL)
		return;
	EVP_PKEY_free(me->key);		/* cleanses it */
	free(me);
}

const char *
identity_id(const struct identity *me)
{
	return me->id;
}

EVP_PKEY *
identity_key(const struct identity *me)
{
	return me->key;
}

/* ---- making a key ---- */

/* PKCS #8 in memory that OpenSSL cleanses when it is freed. */
static BIO *
pem_of(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());

	if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
		return bio;
	BIO_free(bio);
	return NULL;
}

int
identity_new_file(const char *path)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *bio = key == NULL ? NULL : pem_of(key);
	char *text;
	int result = -1, saved;

	errno = ENOMEM;
	if (bio != NULL) {
		long len = BIO_get_mem_data(bio, &text);

		result = create_file(path, 0600, slice_of(text, (size_t)len));
	}
	saved = errno;
	BIO_free(bio);
	EVP_PKEY_free(key);
	ERR_clear_error();
	errno = saved;
	return result;
}
