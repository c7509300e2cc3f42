/* SPDX-License-Identifier: ISC */
/* Base64 with the standard alphabet and padding (RFC 4648 4). */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>

#include "slice.h"

/* Room base64_decode() needs for text of len bytes. */
#define BASE64_DECODED_MAX(len) ((len) / 4 * 3)

/*
 * Decode text into out, *len bytes. Line breaks anywhere are skipped (MIME encoders make them);
 * anything else outside the alphabet, missing or misplaced padding, and non-zero bits after the
 * last byte give false. Pure.
 */
bool base64_decode(struct slice text, char *out, size_t *len);

#endif
