#!/bin/sh
# SPDX-License-Identifier: ISC
# With -l no socket of LISTEN_FDS is served: they are closed, which is told, and nobody waits there for an answer.
. "${0%/*}/lib.sh"

named a
echo "* tls=$READY" >routes
start_peer sniroute fds "unix:$T/in.sock" 127.0.0.1:0 -- "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes
has "$READY" '^127\.0\.0\.1:[0-9]+$'
ADDR=$READY
answers www.example.org a || fail "-l is not served"
logged 'warn: LISTEN_FDS: 2 inherited sockets closed: '
timeout 10 curl -sS --unix-socket in.sock http://x/ 2>err && fail "somebody answers at the inherited socket" || code=$?
same 7 "$code" "curl at the inherited socket (7: refused)"
stop sniroute

: >sniroute.log
start_peer sniroute fds "unix:$T/other.sock" -- "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes
logged 'warn: LISTEN_FDS: 1 inherited socket closed: '
