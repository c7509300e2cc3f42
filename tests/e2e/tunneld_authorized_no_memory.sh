#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld -a: where there is no memory to read the file with, it is read as soon as there is; it is not called a bad one.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer has a malloc of its own"
# The parser's table of a file of 80 KB has 4096 places.
cat >hungry.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stddef.h>
	#include <unistd.h>
	void *calloc(size_t n, size_t size)
	{
		if (n == 4096 && size == 8 && access("hungry", F_OK) == 0)
			return NULL;
		return ((void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc"))(n, size);
	}
END
gcc -shared -fPIC -O1 -fno-builtin -o hungry.so hungry.c
padding=$(head -c 80000 /dev/zero | tr '\0' '#' | fold -w 79)
# write LINE...: the file, in one step
write() { printf '%s\n' "$@" "$padding" >auth.new && mv auth.new auth; }
held='authorized: auth: Cannot allocate memory; keeping the previous version$'

A=$(key a.key) B=$(key b.key)
backend echo send:hello read
write "$A" "$B"
export LD_PRELOAD="$T/hungry.so"
hub -a auth
unset LD_PRELOAD
tunnel a "tcp=$(addr_of echo)"
tunnel b "tcp=$(addr_of echo)"

# A line goes while memory is short: nothing changes, said once; then its session ends, without another change.
touch hungry
write "$B"
logged "error: $held" tunneld
sleep 1
same 1 "$(count "$held" tunneld)" "said once"
has "$(visit "$A.tun.test,kind=tcp" shut read)" '^got=hello'
rm hungry
logged "client=$A .* session=down reason=\"revoked: .*\"\$" tunneld
logged 'authorized: auth: read, 1 client$' tunneld
not_logged 'refused; ' tunneld
has "$(visit "$B.tun.test,kind=tcp" shut read)" '^got=hello'

# At start a supervisor may try again, which it would not with a bad line.
touch hungry
exits 111 env LD_PRELOAD="$T/hungry.so" timeout 10 "$TUNNELD" -l 127.0.0.1:0 -i server.key --domain tun.test \
    --visitors "unix:$T/other" -a auth
has "$(cat err)" 'auth: Cannot allocate memory$'
printf '%s\n' nonsense >>auth
rm hungry
exits 100 env LD_PRELOAD="$T/hungry.so" timeout 10 "$TUNNELD" -l 127.0.0.1:0 -i server.key --domain tun.test \
    --visitors "unix:$T/other" -a auth
