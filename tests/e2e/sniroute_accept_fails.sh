#!/bin/sh
# SPDX-License-Identifier: ISC
# An address where accepting fails for a reason of its own (a security module, a seccomp filter) is said to, once, and tried again;
# its clients wait meanwhile, which takes no processor time.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer wants to be loaded first"
cat >fails.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <errno.h>
	#include <sys/socket.h>
	#include <unistd.h>

	int accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags)
	{
		if (access("broken", F_OK) == 0) {
			errno = EACCES;
			return -1;
		}
		return ((int (*)(int, struct sockaddr *, socklen_t *, int))dlsym(RTLD_NEXT, "accept4"))(fd, peer, len, flags);
	}
END
gcc -shared -fPIC -O1 -o fails.so fails.c
named a
echo "* tls=$READY" >routes
start sniroute env LD_PRELOAD="$T/fails.so" "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes
ADDR=$READY
answers www.example.org a
touch broken
spawn_peer late client "$ADDR" hello:www.example.org read
logged 'error: listen 127.0.0.1:[0-9]+: accept: Permission denied; trying again$'
before=$(cpu_ms "$(pid_of sniroute)")
sleep 1
used=$(($(cpu_ms "$(pid_of sniroute)") - before))
[ "$used" -lt 400 ] || fail "$used ms of processor time in a second"
rm broken
ends late 0 10
has "$(cat late.log)" '^got=a'
logged_times 1 'trying again'
