#!/bin/sh
# SPDX-License-Identifier: ISC
# Connections over --max-per-source are closed without a byte; --max-conns makes others wait.
. "${0%/*}/lib.sh"

front -l 127.0.0.1:0 --max-per-source 2
g='GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'
for n in 1 2; do
	spawn_peer held$n client "$ADDR" "send:$g" 'until:\r\n\r\n' touch:held$n wait:go shut read
	wait_for 5 test -e held$n || fail "client $n is not served"
done
has "$(raw "send:$g")" '^(failed=.*)?got= end=(eof|reset)$'
logged 'closed at accept' httpredir
touch go
ends held1 0
ends held2 0
same "308" "$(statuses "send:$g" shut | cut -d ' ' -f 1)"
stop httpredir
front -l 127.0.0.1:0 --max-conns 1
rm go
spawn one python3 -SE "$TESTS/peer.py" client "$ADDR" "send:$g" 'until:\r\n\r\n' touch:there wait:go shut read
wait_for 5 test -e there || fail "not served"
spawn two python3 -SE "$TESTS/peer.py" client "$ADDR" "send:$g" 'until:\r\n\r\n' shut read
logged 'accepting paused' httpredir
touch go
ends one 0
ends two 0
has "$(cat two.log)" 308
stop httpredir

# Behind a balancer it is the client's address that counts.
rm go
front -l 127.0.0.1:0 --max-per-source 2 --accept-proxy
for n in 1 2 3 4; do
	spawn_peer "c$n" client "$ADDR" "proxy2:192.0.2.$((n / 2)):5000,192.0.2.9:80" "send:$g" 'until:\r\n\r\n' "touch:c$n.in" wait:go shut read
	wait_for 5 test -e "c$n.in" || fail "client $n of a balancer is not served"
done
same 'got= end=eof' "$(client "$ADDR" proxy2:192.0.2.1:5000,192.0.2.9:80 "send:$g" read)"
logged 'peer=192.0.2.1:5000 closed after its PROXY header' httpredir
logged 'peer=192.0.2.1:5000 .* end=limit$' httpredir
touch go
for n in 1 2 3 4; do ends "c$n" 0; done
