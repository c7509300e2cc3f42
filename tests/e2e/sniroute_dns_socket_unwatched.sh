#!/bin/sh
# SPDX-License-Identifier: ISC
# A socket to DNS that cannot be watched (epoll_ctl: no memory, no watches left) costs the names asked for then, not those after.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer wants to be loaded first"
own_network
cat >fails.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <errno.h>
	#include <sys/epoll.h>
	#include <sys/socket.h>
	#include <unistd.h>
	int epoll_ctl(int epfd, int op, int fd, struct epoll_event *e)
	{
		int type = 0;
		socklen_t len = sizeof(type);

		if (op == EPOLL_CTL_ADD && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
		    type == SOCK_DGRAM && access("fails", F_OK) == 0) {
			errno = ENOSPC;
			return -1;
		}
		return ((int (*)(int, int, int, struct epoll_event *))dlsym(RTLD_NEXT, "epoll_ctl"))(epfd, op, fd, e);
	}
END
gcc -shared -fPIC -O1 -o fails.so fails.c
use_own_dns
dns '127.0.0.1 one.test two.test'
named a
for name in one two; do
	echo "$name.test tls=$name.test:${READY##*:}"
done >routes
start sniroute env LD_PRELOAD="$T/fails.so" "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes --connect-timeout 2
ADDR=$READY
touch fails
refuses one.test 80
rm fails
answers two.test a || fail "two.test is not found either"
wait_for 5 answers one.test a || fail "one.test is not asked for again"
