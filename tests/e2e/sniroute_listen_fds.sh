#!/bin/sh
# SPDX-License-Identifier: ISC
# Sockets handed down as LISTEN_FDS are served, in order, as if bound by -l.
. "${0%/*}/lib.sh"

named a
echo "* tls=$READY" >routes
start_peer sniroute fds 127.0.0.1:0 "unix:$T/in.sock" '[::1]:0' -- "$SNIROUTE" -n 9 -r routes
has "$READY" "^127\.0\.0\.1:[0-9]+ unix:$T/in\.sock \[::1\]:[0-9]+$"

for addr in $READY; do same "got=a end=eof" "$(ask "$addr" www.example.org)" "$addr"; done
has "$(client "unix:$T/in.sock" hello:,nosni shut alert)" 'got=a'
