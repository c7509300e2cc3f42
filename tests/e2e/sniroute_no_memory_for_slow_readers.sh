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
stop sniroute

# also when the end is known to follow what is lost
cat >little.c <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <stddef.h>
	#include <sys/socket.h>
	int accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
	{
		int size = 4096, got = ((int (*)(int, struct sockaddr *, socklen_t *, int))dlsym(RTLD_NEXT, "accept4"))(fd, sa, len, flags);
		setsockopt(got, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		return got;
	}
	void *malloc(size_t n) { return n > 16384 ? NULL : ((void *(*)(size_t))dlsym(RTLD_NEXT, "malloc"))(n); }
END
gcc -shared -fPIC -O1 -o little.so little.c
rm -f go
backend quick 'until:www.example.org' touch:asked wait:go data:60k shut touch:said read
echo "* tls=$READY" >routes
start sniroute env LD_PRELOAD="$T/little.so" "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes
cat >slow.py <<-'END'
	import os, socket, sys, time
	sys.path.insert(0, os.environ["TESTS"])
	import peer
	s = socket.socket()
	s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
	host, port = sys.argv[1].split(":")
	s.connect((host, int(port)))
	s.sendall(peer.hello("www.example.org"))
	while not os.path.exists("read"):
	    time.sleep(0.01)
	try:
	    while s.recv(65536):
	        pass
	    print("eof")
	except ConnectionResetError:
	    print("reset")
END
spawn slow python3 -SE slow.py "$READY"
wait_for 10 test -e asked || fail "not asked"
signal sniroute STOP
touch go
wait_for 10 test -e said || fail "not said"
signal sniroute CONT
logged 'end=limit$'
touch read
ends slow 0
same reset "$(cat slow.log)"
