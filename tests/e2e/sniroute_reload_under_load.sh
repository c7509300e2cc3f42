#!/bin/sh
# SPDX-License-Identifier: ISC
# Reloading loses nothing: connections opened all the time are served by the old or the new table, transfers go on.
. "${0%/*}/lib.sh"

named a
named b
hello=$(peer hello big.example.org | wc -c)
backend big timeout:90 recv:$hello wait:go data:30m shut read
route() { echo "www.example.org tls=$(addr_of "$1")"; echo "big.example.org tls=$(addr_of big)"; }
route a >routes
serve -l 127.0.0.1:0 -r routes -j 2

spawn_peer big1 client "$ADDR" timeout:90 hello:big.example.org sum
for i in 1 2 3; do
	spawn_peer loop$i loop stop "$ADDR" hello:www.example.org shut alert
done
for i in 1 2 3 4 5 6; do
	route b >new; mv new routes
	wait_for 5 answers www.example.org b || fail "reload $i"
	[ $i != 3 ] || touch go
	route a >new; mv new routes
	signal sniroute HUP
	wait_for 5 answers www.example.org a || fail "reload $i"
done
touch stop
for i in 1 2 3; do
	ends loop$i 0 20
	lacks "$(cat loop$i.log)" ' x (connect=|failed=|alert=|got= )'
	has "$(cat loop$i.log)" ' x got=a end=eof'
	has "$(cat loop$i.log)" ' x got=b end=eof'
done
ends big1 0 90
has "$(cat big1.log)" "^bytes=31457280 sha=$(sed -n 's/^1 sent=31457280 sha=//p' big.log) end=eof"
