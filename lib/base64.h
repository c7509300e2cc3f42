/* SPDX-License-Identifier: ISC */
/* Base64 with the standard alphabet and padding (RFC 4648 4). */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>

#include "slice.h"

/* Room base64_decode() needs for text of len bytes. */
#define BASE64_DECODED_MAX(len) ((len) / 4 * 3)

/*
 * Decode text into out, *len bytes. Line breaks anywhere are skipped (MIME encoders make them); everything else
 * outside of the alphabet, missing or misplaced padding, and bits behind the last byte that are not 0 give false.
 * Pure.
 */
bool base64_decode(struct slice text, char *out, size_t *len);

#endif
