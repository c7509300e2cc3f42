#!/bin/sh
# SPDX-License-Identifier: ISC
# max=N lets N connections at once through a line, over all workers; the next gets alert 80 until one has ended.
. "${0%/*}/lib.sh"

backend back send:hi read
echo "www.example.org tls=$READY max=3" >routes
echo "*.example.org tls=$READY" >>routes
serve -l 127.0.0.1:0 -r routes -j 3

for i in 1 2 3; do
	spawn_peer held$i client "$ADDR" hello:www.example.org recv:2 touch:held$i wait:go$i shut read
done
wait_for 5 test -e held1 -a -e held2 -a -e held3 || fail "three clients were not served"
for i in 1 2 3 4 5 6; do refuses www.example.org 80; done
same "got=hi end=eof" "$(ask "$ADDR" other.example.org)"
logged 'name=www\.example\.org route=www\.example\.org target=- hello=ok rx=[0-9]+ tx=7 ms=[0-9]+ end=limit$'
touch go1
served() { [ "$(ask "$ADDR" www.example.org)" = "got=hi end=eof" ]; }
wait_for 5 served || fail "a place that was given back is not used"
for i in 1 2 3 4 5 6 7 8; do wait_for 5 served || fail "places leak"; done
