#!/bin/sh
# SPDX-License-Identifier: ISC
# By default one source may hold a quarter of all connections, so that it cannot keep others out.
. "${0%/*}/lib.sh"

backend back send:hi read
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes --max-conns 16

spawn_peer crowd crowd 12 "$ADDR" hello:www.example.org recv:2 wait:go shut read
sleep 1.5
same "got=hi end=eof" "$(client "$ADDR" from:127.0.0.2 hello:www.example.org shut read)"
touch go
ends crowd 0 20
has "$(cat crowd.log)" '^4 x got=hi got= end=eof$'
