#!/bin/sh
# SPDX-License-Identifier: ISC
# Where there is no thread to read a file with, tunneld (-a) and sniroute (routes) say so once, and read it as soon as
# there is one; in a sandbox that forbids threads they read and write (--clients) without.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer wants to be loaded first"
cat >fails.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <errno.h>
	#include <pthread.h>
	#include <unistd.h>
	int pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*body)(void *), void *arg)
	{
		if (access("forbidden", F_OK) == 0)
			return EPERM;
		if (access("fails", F_OK) == 0)
			return access("otherwise", F_OK) == 0 ? ENOMEM : EAGAIN;
		return ((int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT,
		    "pthread_create"))(t, a, body, arg);
	}
END
gcc -shared -fPIC -O1 -o fails.so fails.c

A=$(key a.key)
echo "$A" >auth
echo 'a.test tls=127.0.0.1:1' >routes
export LD_PRELOAD="$T/fails.so"
hub -a auth --clients live --advertise 127.0.0.1:9
serve -l 127.0.0.1:0 -r routes
unset LD_PRELOAD
without() { logged_times "$1" "no thread to read .* with: $2; trying again\$" "$3"; }

touch fails
echo "$A names=www.test" >auth.new && mv auth.new auth
echo 'b.test tls=127.0.0.1:1' >routes.new && mv routes.new routes
without 1 'Resource temporarily unavailable' tunneld
without 1 'Resource temporarily unavailable' sniroute
sleep 1.5			# several looks
without 1 'Resource temporarily unavailable' tunneld
without 1 'Resource temporarily unavailable' sniroute
touch otherwise			# another reason is news
without 1 'Cannot allocate memory' tunneld
without 1 'Cannot allocate memory' sniroute
rm fails
logged 'authorized: auth: read, 1 client' tunneld
logged 'routes: routes: read, 1 line' sniroute

# and the next time is another one
touch fails
echo "$A names=a.test" >auth.new && mv auth.new auth
without 2 'Cannot allocate memory' tunneld
rm fails
logged_times 2 'authorized: auth: read, 1 client' tunneld

# As Docker 20.10.0 to 20.10.9 do, which don't know clone3(2).
touch forbidden
echo "$A names=b.test" >auth.new && mv auth.new auth
echo 'c.test tls=127.0.0.1:1' >routes.new && mv routes.new routes
logged_times 3 'authorized: auth: read, 1 client' tunneld
logged_times 2 'routes: routes: read, 1 line' sniroute
tunnel a "tls=127.0.0.1:9"
wait_for 5 grep -q '^b.test ' live || fail "not published: $(cat live)"
not_logged 'not permitted' tunneld
