/* SPDX-License-Identifier: ISC */
/* UCSPI: what a program is told about its connection. */
#include "ucspi.h"

#include <stdio.h>
#include <stdlib.h>

int
ucspi_set(const char *variable, const char *value)
{
	return value == NULL ? unsetenv(variable) : setenv(variable, value, 1);
}

static int
set_endpoint(const char *ip_variable, const char *port_variable, const struct endpoint *e)
{
	char room[ENDPOINT_TEXT_MAX], port[8];
	const char *ip = endpoint_ip_text(e, room).p;

	snprintf(port, sizeof(port), "%u", (unsigned)e->port);
	return ucspi_set(ip_variable, ip) == -1 ||
	    ucspi_set(port_variable, ip == NULL ? NULL : port) == -1 ? -1 : 0;
}

int
ucspi_setenv(const struct endpoint *remote, const struct endpoint *local, const char *name)
{
	if (ucspi_set("PROTO", remote->family == AF_UNIX ? "UNIX" : "TCP") == -1 ||
	    ucspi_set("TCPREMOTEHOST", NULL) == -1 || ucspi_set("TCPREMOTEINFO", NULL) == -1 ||
	    ucspi_set("TCPLOCALHOST", name) == -1 ||
	    set_endpoint("TCPREMOTEIP", "TCPREMOTEPORT", remote) == -1)
		return -1;
	return set_endpoint("TCPLOCALIP", "TCPLOCALPORT", local);
}
