#!/bin/sh
# SPDX-License-Identifier: ISC
# --max-per-source with --accept-proxy: a balancer may bring any number of clients, and one client is one through any of them.
. "${0%/*}/lib.sh"

backend back send:hi read
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes --max-per-source 2 --accept-proxy -m "unix:$T/metrics"
# stay NAME BALANCER CLIENT: it does until the file go is there
stay() { spawn_peer "$1" client "$ADDR" "from:$2" "proxy2:$3:5000,192.0.2.9:443" hello:www.example.org recv:2 "touch:$1.in" wait:go shut read; }

for n in 1 2 3 4 5; do
	stay "many$n" 127.0.0.2 "192.0.2.$n"
	wait_for 5 test -e "many$n.in" || fail "client $n of one balancer is not served"
done
for n in 1 2; do
	stay "one$n" "127.0.0.$n" 198.51.100.1
	wait_for 5 test -e "one$n.in" || fail "connection $n of one client is not served"
done
same 'got= end=eof' "$(client "$ADDR" from:127.0.0.3 proxy2:198.51.100.1:5000,192.0.2.9:443 hello:www.example.org read)"
logged 'peer=198.51.100.1:5000 closed after its PROXY header: its source has 2 connections already$'
logged 'peer=198.51.100.1:5000 .* end=limit$'
touch go
for n in 1 2 3 4 5; do ends "many$n" 0; done
for n in 1 2; do ends "one$n" 0; done
again() { [ "$(client "$ADDR" from:127.0.0.1 proxy2:198.51.100.1:5000,192.0.2.9:443 hello:www.example.org shut read)" = 'got=hi end=eof' ]; }
wait_for 5 again || fail "not served when its connections have ended"

# Whoever says nothing counts for the one it came from.
for n in 1 2; do
	spawn_peer "mute$n" client "$ADDR" from:127.0.0.4 quiet:0.1 "touch:mute$n.in" read
	wait_for 5 test -e "mute$n.in"
done
for n in 1 2; do has "$(client "$ADDR" from:127.0.0.4 read)" '^got= end='; done
metric_is 3 sniroute_source_limited_total
