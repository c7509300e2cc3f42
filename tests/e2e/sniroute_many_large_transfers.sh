#!/bin/sh
# SPDX-License-Identifier: ISC
# Many large transfers at once, fast and slow ones, arrive unchanged in both directions.
. "${0%/*}/lib.sh"

hello=$(peer hello www.example.org | wc -c)
backend back timeout:60 recv:$hello duplex:6m
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes

spawn_peer fast crowd 8 "$ADDR" timeout:60 hello:www.example.org duplex:6m
spawn_peer slow crowd 4 "$ADDR" timeout:60 hello:www.example.org sleep:0.5 duplex:6m
spawn_peer late crowd 4 "$ADDR" timeout:60 pieces:50000:0.002 hello:www.example.org duplex:6m
ends fast 0 60
ends slow 0 60
ends late 0 60
logged_times 16 '^[0-9]+ bytes=6291456 sha=[0-9a-f]{16} end=eof$' back
sha=$(sed -n 's/^1 sent=6291456 sha=//p' back.log)
same 16 "$(count "^[0-9]+ bytes=6291456 sha=$sha end=eof$" back)"
for log in fast.log slow.log late.log; do	# whichever direction ended first, both sums are the same
	lacks "$(grep -vE "^[0-9]+ x (sent=6291456 sha=$sha ?|bytes=6291456 sha=$sha end=eof ?){2}$" $log)" .
done
logged_times 16 "rx=$((6291456 + hello)) tx=6291456 ms=[0-9]+ end=closed$"
