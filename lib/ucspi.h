/* SPDX-License-Identifier: ISC */
/*
 * The environment of a program serving one connection on descriptors 0 and 1
 * (UCSPI: tcpserver(1), s6-tcpserver).
 */
#ifndef UCSPI_H
#define UCSPI_H

#include "addr.h"

/*
 * In this process: PROTO, TCPREMOTEIP, TCPREMOTEPORT, TCPLOCALIP, TCPLOCALPORT and TCPLOCALHOST
 * (name, NULL: none) as far as they are known; what is unknown, or left there by an outer server
 * (TCPREMOTEHOST, TCPREMOTEINFO), is unset. -1 with errno.
 */
int ucspi_setenv(const struct endpoint *remote, const struct endpoint *local, const char *name);

/* Set a variable, or (NULL) unset it. -1 with errno. */
int ucspi_set(const char *variable, const char *value);

#endif
