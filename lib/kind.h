/* SPDX-License-Identifier: ISC */
/*
 * The kind of a visitor. Its word is the same in the TLV of a PROXY header, in control messages and
 * on the command line of tunnelc.
 */
#ifndef KIND_H
#define KIND_H

#include "slice.h"

enum kind { KIND_UNKNOWN, KIND_TLS, KIND_HTTP, KIND_TCP };

/* The kind a word stands for, KIND_UNKNOWN: none. Pure. */
enum kind kind_of(struct slice word);

/* "tls", "http", "tcp"; "" for KIND_UNKNOWN. Static. */
const char *kind_word(enum kind kind);

/*
 * The kind of a visitor that begins with first: 0x16 tls, an HTTP method and a blank http,
 * else tcp. KIND_UNKNOWN: nothing came, or a method may be under way. Pure.
 */
enum kind kind_of_bytes(struct slice first);

/* The same by one byte, as for ancestors' visitors: 0x16 tls, A to Z http, else tcp. Pure. */
enum kind kind_of_byte(unsigned char first);

#endif
