#!/bin/sh
# SPDX-License-Identifier: ISC
# A routes file replaced by rename is noticed within about a second, without a signal; live connections stay.
. "${0%/*}/lib.sh"

backend a echo
named b
echo "www.example.org tls=$(addr_of a)" >routes
serve -l 127.0.0.1:0 -r routes

spawn_peer old client "$ADDR" hello:www.example.org until:'\x00\x00' touch:held wait:go \
    send:still shut until:still
wait_for 5 test -e held
unreachable() { ask "$ADDR" www.example.org | grep -q '^alert=80 '; }
for i in 1 2 3; do
	echo "www.example.org tls=$(addr_of b)" >new
	mv new routes
	begin=$(now_ms)
	wait_for 4 answers www.example.org b || fail "the new file is not used"
	[ $(($(now_ms) - begin)) -lt 2500 ] || fail "noticed late"
	echo "www.example.org tls=127.0.0.1:1" >new
	mv new routes
	wait_for 4 unreachable || fail "the third file is not used"
done
touch go
ends old 0
has "$(cat old.log)" 'still$'
