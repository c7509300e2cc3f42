#!/bin/sh
# SPDX-License-Identifier: ISC
# Once a client's socket has been handed over nothing that fails here reaches the client any more.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer wants to be loaded first"
cat >fails.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <errno.h>
	#include <sys/epoll.h>
	#include <sys/socket.h>

	/* No unix socket can be watched that is connected. */
	int epoll_ctl(int ep, int op, int fd, struct epoll_event *e)
	{
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);

		if (op == EPOLL_CTL_ADD && getpeername(fd, (void *)&peer, &len) == 0 && peer.ss_family == AF_UNIX) {
			errno = ENOSPC;
			return -1;
		}
		return ((int (*)(int, int, int, struct epoll_event *))dlsym(RTLD_NEXT, "epoll_ctl"))(ep, op, fd, e);
	}
END
gcc -shared -fPIC -O1 -o fails.so fails.c
start_peer tunneld receiver "unix:$T/visitors" send:passed save:seen
echo "* tls=pass:$T/visitors" >routes
start sniroute env LD_PRELOAD="$T/fails.so" "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes
ADDR=$READY
same "got=passed end=eof" "$(client "$ADDR" hello:a.example.org send:more shut read)"
logged 'conn=1 .* end=passed$'
