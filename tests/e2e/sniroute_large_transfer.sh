#!/bin/sh
# SPDX-License-Identifier: ISC
# Sixteen megabytes both ways at once arrive unchanged, and are counted.
. "${0%/*}/lib.sh"

hello=$(peer hello www.example.org | wc -c)
backend back timeout:60 recv:$hello duplex:16m
echo "www.example.org tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes

client "$ADDR" timeout:60 hello:www.example.org duplex:16m >client.out
logged '^1 bytes=16777216 sha=[0-9a-f]{16} end=eof' back
sha=$(sed -n 's/^sent=16777216 sha=//p' client.out)
same "bytes=16777216 sha=$sha end=eof" "$(grep ^bytes= client.out)"
logged "^1 bytes=16777216 sha=$sha end=eof$" back
logged "hello=ok rx=$((16777216 + hello)) tx=16777216 ms=[0-9]+ end=closed$"
