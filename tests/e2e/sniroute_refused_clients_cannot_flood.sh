#!/bin/sh
# SPDX-License-Identifier: ISC
# Clients that keep sending after their refusal are read no longer than the lingering takes, and hold up nobody.
. "${0%/*}/lib.sh"

named a
echo "www.example.org tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes

for i in 1 2 3; do
	spawn_peer flood$i client "$ADDR" hello:nobody.example.org flood:6
done
spawn_peer slowest slowest stop "$ADDR" hello:www.example.org shut read
sleep 2
touch stop
ends slowest 0
ms=$(sed -n 's/^slowest_ms=//p' slowest.log)
[ "$ms" -lt 1000 ] || fail "somebody waited $ms ms"
logged_times 3 'end=no-route$'
[ "$(sed -n 's/.* ms=\([0-9]*\) end=no-route$/\1/p' sniroute.log | sort -n | tail -n 1)" -lt 5000 ] || fail "lingered on"
