#!/bin/sh
# SPDX-License-Identifier: ISC
# A session whose stream ids are all used makes room for another one; nobody is turned away, and who is there may finish.
. "${0%/*}/lib.sh"

sanitized && skip "built here, without a sanitizer"
# The same program, but with the ids 2, 4 and 6 for its visitors.
gcc -std=c11 -D_GNU_SOURCE -O1 -DYAMUX_ID_MAX=7 -I"$ROOT/lib" -c "$ROOT/lib/yamux.c" -o yamux.o
# shellcheck disable=SC2046 # several words
gcc -pthread -o few "$ROOT/$BUILD"/tunneld/*.o yamux.o "$ROOT/$BUILD/lib.a" $(pkg-config --libs openssl jansson libcares)
TUNNELD=$T/few

backend stays send:hi echo && STAYS=$READY
named web && WEB=$READY
hub
tunnel c "tcp=$STAYS" "tls=$WEB"
spawn_peer first client "unix:$T/visitors" "visitor:$ID.tun.test,kind=tcp" until:hi touch:here wait:go send:later shut read
wait_for 5 test -e here || fail "no first visitor"
for n in 1 2 3 4 5 6 7; do
	same "got=web end=eof" "$(visit "$ID.tun.test,kind=tls" shut read)" "visitor $n"
done
# Stream 2 is that of the first visitor, 4 and 6 follow, and each session after it has three.
logged_times 2 "session=draining reason=\"used up: " tunneld
logged_times 3 'link=up' c
lacks "$(sed -n 's/.*link=draining .*retry_ms=//p' c.log)" "[2-9]|.." "ms until the next session"
touch go
ends first 0
same "got=hi got=later end=eof" "$(paste -sd " " first.log)" "the first visitor"
