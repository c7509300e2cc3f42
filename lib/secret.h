/* SPDX-License-Identifier: ISC */
/*
 * The handshake of tcprouter, our ancestor, both ways: 0x1111, a 16-bit length, a secret; all
 * big-endian. See THE ANCESTORS' HANDSHAKE in tunnel(7).
 */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "slice.h"

#define SECRET_MAX 1024u		/* bytes of the longest secret */
#define SECRET_FRAME_MAX (4u + SECRET_MAX)

enum secret_result {
	SECRET_MORE,		/* a prefix of a handshake */
	SECRET_OK,
	SECRET_BAD		/* another magic, an empty secret or one over SECRET_MAX */
};

/*
 * Read a handshake from the first len bytes. SECRET_OK: *secret is borrowed from buf, *used is the
 * handshake's length, and what follows it is not looked at. On any other result both are
 * undefined. SECRET_BAD is returned at the first byte (of the magic) or field (the length) that
 * shows it. Pure; keeps nothing.
 */
enum secret_result secret_read(const uint8_t *buf, size_t len, struct slice *secret, size_t *used);

/*
 * Write the handshake with secret, 1 to SECRET_MAX bytes; returns its length. Send it in one piece:
 * the ancestors' server reads the header with one call and the secret with another. Pure.
 */
size_t secret_write(struct slice secret, uint8_t out[static SECRET_FRAME_MAX]);

#endif
