#!/bin/sh
# SPDX-License-Identifier: ISC
# Where there is no memory left for a name its connection is refused, and the next one is served.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer has a malloc of its own"
cat >fails.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stddef.h>
	void *malloc(size_t n) { return n == 37 ? NULL : ((void *(*)(size_t))dlsym(RTLD_NEXT, "malloc"))(n); }
END
gcc -shared -fPIC -O1 -o fails.so fails.c
backend a send:a read
echo "*.example.org tls=$READY max=5" >routes
start sniroute env LD_PRELOAD="$T/fails.so" "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes
ADDR=$READY
refuses aaaaaaaaaaaaaaaaaaaaaaaaa.example.org 80
logged 'name=- .* end=limit$'
answers aaa.example.org a
