#!/bin/sh
# SPDX-License-Identifier: ISC
# tunnelc -i KEY --ready works whatever kept the address from being bound at first, as soon as that is over.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer wants to be loaded first"
cat >fails.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <errno.h>
	#include <sys/socket.h>
	#include <unistd.h>
	int bind(int fd, const struct sockaddr *a, socklen_t len)
	{
		if (a->sa_family == AF_UNIX && access("fails", F_OK) == 0) {
			errno = ENOMEM;
			return -1;
		}
		return ((int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind"))(fd, a, len);
	}
END
gcc -shared -fPIC -O1 -o fails.so fails.c
ready() { "$TUNNELC" -i web.key --ready; }

hub
touch fails
export LD_PRELOAD="$T/fails.so"
tunnel web tcp=127.0.0.1:1
unset LD_PRELOAD
logged "warn: unix:@tunnelc/$ID: Cannot allocate memory; --ready does not work yet, trying again$" web
exits 111 ready
rm fails
wait_for 10 ready || fail "--ready still says no"
logged_times 1 'is ours now' web
logged_times 1 'Cannot allocate memory' web
