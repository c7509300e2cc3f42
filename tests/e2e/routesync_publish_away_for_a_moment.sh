#!/bin/sh
# SPDX-License-Identifier: ISC
# A published file that cannot be looked at right after it was read, and then is there as before, is read again.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer wants to be loaded first"
cat >away.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <errno.h>
	#include <fcntl.h>
	#include <string.h>
	#include <sys/stat.h>
	#include <unistd.h>
	static int was_opened;
	int open64(const char *path, int flags, ...)
	{
		if (strcmp(path, "live") == 0)
			was_opened = 1;
		return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64"))(path, flags, 0600);
	}
	int stat64(const char *path, struct stat64 *st)
	{
		int first = was_opened;	/* since its last stat */

		was_opened = was_opened && strcmp(path, "live") != 0;
		if (first && !was_opened && unlink("away") == 0) {
			errno = ESTALE;
			return -1;
		}
		return ((int (*)(const char *, struct stat64 *))dlsym(RTLD_NEXT, "stat64"))(path, st);
	}
END
gcc -shared -fPIC -O1 -o away.so away.c
redis
echo 'a.example tls=10.0.0.1:443' >live
start pub env LD_PRELOAD="$T/away.so" "$ROUTESYNC" -n 9 --publish live "$STORE"
published() { redis-cli -s "$T/redis.sock" --scan --pattern '*/b.example' | grep -q .; }
echo 'b.example tls=10.0.0.2:443' >new
touch away
mv new live
wait_for 5 published || fail "not published"
[ ! -e away ] || fail "it was looked at all the time"
