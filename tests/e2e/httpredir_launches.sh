#!/bin/sh
# SPDX-License-Identifier: ISC
# Addresses of its own, sockets from LISTEN_FDS, and a listening descriptor 0.
. "${0%/*}/lib.sh"

g='GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
front -l 127.0.0.1:0 -l "unix:$T/in.sock" -l unix:@"$$.httpredir"
same 3 "$(echo "$READY" | wc -w)"
has "$(client "unix:$T/in.sock" "send:$g" read)" '308'
has "$(client unix:@"$$.httpredir" "send:$g" read)" '308'
port=$(free_port)
spawn systemd python3 -SE "$TESTS/peer.py" fds 127.0.0.1:"$port" -- "$HTTPREDIR"
wait_for 5 grep -q 'ready on' systemd.log || fail "LISTEN_FDS"
has "$(client 127.0.0.1:"$port" "send:$g" read)" '308'
port=$(free_port)
spawn inetd python3 -SE "$TESTS/peer.py" fd0 127.0.0.1:"$port" -- "$HTTPREDIR"
wait_for 5 grep -q 'ready on' inetd.log || fail "descriptor 0"
has "$(client 127.0.0.1:"$port" "send:$g" read)" '308'
