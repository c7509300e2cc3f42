/* SPDX-License-Identifier: ISC */
/*
 * For the tests of lib/tls.c: both ends of a connection in one thread, and rogues:
 * peers that OpenSSL plays.
 */
#ifndef TLS_HELP_H
#define TLS_HELP_H

#include "loop_help.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ROUNDS 100000u		/* turns after which a test that gets nowhere fails */
#define READ_SIZE 65536u

extern struct identity *ed25519, *other, *p256;
extern struct tls_context *client_ctx, *server_ctx;	/* of ed25519, of other */
extern struct tls_context *p256_client_ctx, *p256_server_ctx;
extern uint8_t sent[1u << 20], got[1u << 20];		/* sent: bytes to send, in all tests */

/* Around all tests. */
int make_contexts(void **state);
int free_contexts(void **state);

/* ---- both ends ---- */

struct ends {
	struct tls *client, *server;
	int client_fd, server_fd;
};

/* A connected pair of non-blocking sockets; small: buffers as small as the kernel lets them be. */
void sockets(int fd[2], bool small);

struct ends ends_of(struct tls_context *client, int client_fd, struct tls_context *server,
    int server_fd);
struct ends two_ends(struct tls_context *client, struct tls_context *server, bool small);
void free_ends(struct ends *e);

void shake_hands(struct ends *e);

/* The usual two, after the handshake. */
struct ends connected(void);

/* Reads until the socket is empty; the bytes. Anything but an empty socket shows in *result. */
size_t read_all(struct tls *t, uint8_t *to, size_t room, enum tls_result *result);

/* This text, and then an empty socket. */
void assert_reads(struct tls *t, const char *text);

enum tls_result say(struct tls *t, const char *text);

/* What tls_why() says contains this. */
void assert_why(const struct tls *t, const char *part);

/* All of sent goes both ways in pieces of all sizes, with between(arg) after each. */
void flow_both_ways(struct ends *e, void (*between)(void *), void *arg);

/* ---- rogues ---- */

struct rogue {
	SSL_CTX *ctx;
	SSL *ssl;
	struct tls *t;		/* our side */
	int fd, our_fd;
};

struct cert {
	const char *kind;	/* of key, "EC": P-256, "P-384" */
	const char *from, *to;
	size_t comment;		/* bytes */
	bool forged;		/* signed by somebody else */
};

extern const struct cert plain;

EVP_PKEY *key_of(const char *kind);
X509 *make_cert(const struct cert *c, EVP_PKEY *key);

/* The id of the key, when it has one. */
const char *use_cert(SSL_CTX *ctx, const struct cert *c);

/*
 * One that does everything right, as our peer; change what should be different, then rogue_start().
 */
struct rogue rogue_new(enum tls_side ours, const struct cert *c);
void rogue_start(struct rogue *r);
void rogue_free(struct rogue *r);

/* What our side makes of it; *told: what the rogue was told, its own last error. */
enum tls_result rogue_shakes_hands(struct rogue *r, unsigned long *told);

#endif
