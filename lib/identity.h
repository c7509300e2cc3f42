/* SPDX-License-Identifier: ISC */
/* A party's identity: its private key, and the id that names the public half of it. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>

#include "slice.h"

#define IDENTITY_ID_LEN 52u			/* characters of an id: a DNS label */
#define IDENTITY_ID_SIZE (IDENTITY_ID_LEN + 1)	/* with a NUL */
#define IDENTITY_WHY_MAX 256u			/* bytes of a reason, NUL included */

struct identity;

/*
 * Read a private key, Ed25519 or P-256, PEM (PKCS #8 or SEC 1, not encrypted), from a plain file
 * of at most 16 KiB that only its owner may read. NULL, with the reason (it names the path and
 * what is wrong, never contents), and errno: 0 when the cause is the file's contents, kind, size
 * or mode and not the system.
 */
struct identity *identity_load(const char *path, char why[static IDENTITY_WHY_MAX]);

/* The same, from the text of such a file. NULL with the reason, and errno as above. */
struct identity *identity_parse(struct slice pem, char why[static IDENTITY_WHY_MAX]);

/* NULL is fine. */
void identity_free(struct identity *me);

/*
 * Make an Ed25519 key and write it to path, mode 0600, synced; an existing file stays as it is
 * (EEXIST). -1 with errno; nothing is then left behind.
 */
int identity_new_file(const char *path);

/*
 * The id: lower-case base32 (RFC 4648 6, no padding) of the SHA-256 thumbprint (RFC 7638) of the
 * public key as a JWK: members crv, kty, x of an Ed25519 key (RFC 8037 2), crv, kty, x, y of a
 * P-256 key. Lives as long as me.
 */
const char *identity_id(const struct identity *me);

/*
 * Whether text has the shape of an id: 52 characters a-z, 2-7,
 * the last one carrying only 1 bit (a or q).
 */
bool identity_id_valid(struct slice text);

/*
 * Whether the first label of a (normalised) host name, or of the SUFFIX of "*.SUFFIX", is shaped
 * like an id: such names can't be aliases.
 */
bool identity_reserved(struct slice name);

/*
 * For tls_context.c: the key itself, an EVP_PKEY, borrowed; and the id of anybody's public key:
 * false with errno, 0: not of a kind we accept, else ENOMEM.
 */
struct evp_pkey_st;
struct evp_pkey_st *identity_key(const struct identity *me);
bool identity_id_of(struct evp_pkey_st *key, char id[static IDENTITY_ID_SIZE]);

#endif
