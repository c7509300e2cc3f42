/* SPDX-License-Identifier: ISC */
/* UCSPI: what a program is told about its connection. */
#include "ucspi.h"

#include <arpa/inet.h>
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
	char ip[INET6_ADDRSTRLEN], port[8];
	bool v4 = e->family == AF_INET, known = v4 || e->family == AF_INET6;

	if (known) {
		inet_ntop(e->family, v4 ? e->ip + 12 : e->ip, ip, sizeof(ip));
		snprintf(port, sizeof(port), "%u", (unsigned)e->port);
	}
	return ucspi_set(ip_variable, known ? ip : NULL) == -1 || ucspi_set(port_variable, known ? port : NULL) == -1 ? -1 : 0;
}

int
ucspi_setenv(const struct endpoint *remote, const struct endpoint *local, const char *name)
{
	if (ucspi_set("PROTO", remote->family == AF_UNIX ? "UNIX" : "TCP") == -1 || ucspi_set("TCPREMOTEHOST", NULL) == -1 ||
	    ucspi_set("TCPREMOTEINFO", NULL) == -1 || ucspi_set("TCPLOCALHOST", name) == -1 ||
	    set_endpoint("TCPREMOTEIP", "TCPREMOTEPORT", remote) == -1)
		return -1;
	return set_endpoint("TCPLOCALIP", "TCPLOCALPORT", local);
}
