#!/bin/sh
# SPDX-License-Identifier: ISC
# Without memory to keep what a slow reader does not take, its connection is reset: half an answer must not look whole.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer needs memory of its own"
# Without pipes: what they hold is the kernel's.
cat >no_pipes.c <<-'END'
	#include <errno.h>
	int pipe2(int fd[2], int flags) { (void)fd; (void)flags; errno = EMFILE; return -1; }
END
gcc -shared -fPIC -O1 -o no_pipes.so no_pipes.c
backend back 'until:www.example.org' data:8m shut read
echo "* tls=$READY" >routes
start sniroute env LD_PRELOAD="$T/no_pipes.so" "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes --max-per-source 0
ADDR=$READY
size=$(sed -n 's/^VmSize:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(pid_of sniroute)/status")
prlimit --pid "$(pid_of sniroute)" --as=$((size * 1024)):
spawn_peer all crowd 30 "$ADDR" hello:www.example.org shut wait:go sum
wait_for 30 has_lines 1 'end=limit$' sniroute || fail "there was memory for all"
touch go
ends all 0 30
same 0 "$(grep 'end=eof' all.log | grep -vc 'bytes=8388608 ' || :)" "answers that look whole: $(cat all.log)"
has "$(cat all.log)" 'end=reset'
prlimit --pid "$(pid_of sniroute)" --as=unlimited:
has "$(client "$ADDR" hello:www.example.org shut sum)" '^bytes=8388608 .*end=eof$'
