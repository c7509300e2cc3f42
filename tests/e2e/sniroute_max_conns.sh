#!/bin/sh
# SPDX-License-Identifier: ISC
# At --max-conns accepting pauses: more clients wait in the kernel and are served when others end; this is logged once.
. "${0%/*}/lib.sh"

backend back send:hi read
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes --max-conns 2 --max-per-source 0

for i in 1 2 3 4; do
	spawn_peer c$i client "$ADDR" hello:www.example.org recv:2 touch:got$i wait:go$i shut read
done
two() { [ "$(ls got? 2>/dev/null | wc -l)" = 2 ]; }
wait_for 5 two || fail "two are served"
sleep 1
two || fail "more than two are served"
same 1 "$(count 'max-conns|limit')" "logged once"
touch go1 go2 go3 go4
for i in 1 2 3 4; do ends c$i 0; done
logged_times 4 'end=closed$'
