#!/bin/sh
# SPDX-License-Identifier: ISC
# Clients that the kernel has let in when TERM comes, and that have asked already, are answered and not reset.
. "${0%/*}/lib.sh"

waiting() {
	front -l 127.0.0.1:0 "$@"
	has "$(get /)" '^HTTP/1.1 308 '
	# shellcheck disable=SC2046 # words are wanted
	set -- $(pid_of httpredir) $(pgrep -P "$(pid_of httpredir)" || :)
	python3 -SEc 'import os, signal, socket, sys
pids = [int(p) for p in sys.argv[2:]]
for p in pids: os.kill(p, signal.SIGSTOP)
clients = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for i in range(50)]
for c in clients: c.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
os.kill(pids[0], signal.SIGTERM)
for p in pids: os.kill(p, signal.SIGCONT)
print(sum(c.recv(999).startswith(b"HTTP/1.1 308") for c in clients))' "$PORT" "$@" >answered
	same 50 "$(cat answered)" "clients that were answered"
	ends httpredir 0
}

waiting
waiting -j 2
