#!/bin/sh
# SPDX-License-Identifier: ISC
# pass: hands the accepted socket over: every byte still unread, the true peer, a PROXY v2 header, and sniroute is done.
. "${0%/*}/lib.sh"

start_peer tunneld receiver "unix:$T/visitors" peer send:direct save:seen
echo "*.tun.example.com tls=pass:$T/visitors" >routes
serve -l 127.0.0.1:0 -r routes

spawn_peer visitor client "$ADDR" hello:a.tun.example.com,alpn=h2 send:more recv:6 touch:passed \
    wait:go send:later shut read
wait_for 5 test -e passed || fail "no answer from the receiver"
tlvs="( alpn=h2| authority=a\.tun\.example\.com| kind=tls){3}"
logged "^1 proxy=v2 cmd=PROXY family=11 src=127\.0\.0\.1:[0-9]+ dst=$ADDR$tlvs behind=0 fds=1 then=eof$" tunneld
logged "name=a\.tun\.example\.com route=\*\.tun\.example\.com target=pass:$T/visitors hello=ok .*end=passed$"
client_port=$(sed -n 's/.*peer=127.0.0.1:\([0-9]*\) .*/\1/p' sniroute.log)
logged "^1 peer=127\.0\.0\.1:$client_port$" tunneld
stop sniroute
touch go
ends visitor 0
logged '^got=direct' visitor
logged '^1 saved=seen end=eof' tunneld
{ peer hello a.tun.example.com,alpn=h2; printf morelater; } | cmp - seen
