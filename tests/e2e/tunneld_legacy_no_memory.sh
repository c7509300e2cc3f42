#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --legacy: a secret that cannot be hashed for want of memory ends its connection, and no other one.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer wants to be loaded first"
cat >hungry.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stddef.h>
	#include <unistd.h>
	typedef int digest(const void *, size_t, unsigned char *, unsigned *, const void *, void *);
	int EVP_Digest(const void *p, size_t n, unsigned char *out, unsigned *len, const void *type, void *engine)
	{
		if (access("hungry", F_OK) == 0)
			return 0;
		return ((digest *)dlsym(RTLD_NEXT, "EVP_Digest"))(p, n, out, len, type, engine);
	}
END
gcc -shared -fPIC -O1 -o hungry.so hungry.c

printf '%s\n' secret >secret
chmod 600 secret
echo "secret=sha256:$(printf secret | sha256sum | cut -d' ' -f1) names=old.test sessions=2" >auth
export LD_PRELOAD="$T/hungry.so"
hub -a auth --legacy 127.0.0.1:0
unset LD_PRELOAD
LEGACY=${READY##* }
backend echo send:hello read
start old "$TUNNELC" -n 9 -s "$LEGACY" --secret-file secret "tcp=$(addr_of echo)"

touch hungry
frame='\x11\x11\x00\x06secret'
plain() { timeout 10 python3 -SE "$TESTS/tunnel.py" plain "$LEGACY" "$@"; }
has "$(plain "wire:$frame" end)" 'end=(reset|close_notify|eof)$'
has "$(plain opens:1:1 "frame:0:0:1:10" "wire:$frame" end)" 'end=(reset|close_notify|eof)$'
logged_times 2 'hello=ok .* end=limit$' tunneld
has "$(visit old.test,kind=tcp shut read)" '^got=hello'
rm hungry
spawn again python3 -SE "$TESTS/tunnel.py" plain "$LEGACY" "wire:$frame" sleep:20
logged_times 2 'session=up name=old.test' tunneld
