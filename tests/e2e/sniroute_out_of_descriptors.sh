#!/bin/sh
# SPDX-License-Identifier: ISC
# Out of descriptors accepting pauses: no processor time is burnt, live connections go on, and it recovers by itself.
. "${0%/*}/lib.sh"

backend back echo
echo "* tls=$READY" >routes
start sniroute sh -c 'ulimit -n 40; exec "$@"' sh "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes --max-conns 1000 --max-per-source 0
ADDR=$READY
pid=$(pid_of sniroute)

spawn crowd python3 -SE "$TESTS/peer.py" crowd 60 "$ADDR" hello:www.example.org wait:go send:x shut read
sleep 1.5
cpu=$(cpu_ms "$pid")
lines=$(wc -l <sniroute.log)
sleep 2
used=$(($(cpu_ms "$pid") - cpu))
[ $used -lt 200 ] || fail "$used ms of processor time in 2 s of waiting"
[ $(($(wc -l <sniroute.log) - lines)) -lt 5 ] || fail "it logs again and again"
[ "$(ls "/proc/$pid/fd" | wc -l)" -gt 30 ] || fail "the descriptors are not used up"
touch go
ends crowd 0 30
has "$(sed 's/got=[^ ]*x /got=x /' crowd.log)" '^60 x got=x end=eof$'
out=$(client "$ADDR" hello:www.example.org send:again shut read)
has "$out" 'again end=eof$'
