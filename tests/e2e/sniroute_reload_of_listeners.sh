#!/bin/sh
# SPDX-License-Identifier: ISC
# Listening addresses of the routes file are bound and closed on reload; live connections of a closed one stay.
. "${0%/*}/lib.sh"

backend back send:hi echo
p=$(free_port) q=$(free_port)
echo "* tls=127.0.0.1:1" >routes
serve -l 127.0.0.1:0 -r routes

serves() { [ "$(client "$1" recv:2 shut 2>&1)" = "got=hi" ]; }
closed() { [ "$(client 127.0.0.1:"$p")" = connect=ConnectionRefusedError ]; }
closed || fail "a port that nobody should have"
{ cat routes; echo "127.0.0.1:$p tcp=$(addr_of back)"; echo "127.0.0.1:$q tcp=$(addr_of back)"; } >two
cp two new; mv new routes
wait_for 4 serves 127.0.0.1:"$p" || fail "the first new address is not served"
wait_for 4 serves 127.0.0.1:"$q" || fail "the second new address is not served"
spawn_peer live client 127.0.0.1:"$p" recv:2 touch:held wait:go send:still shut read
wait_for 5 test -e held
grep -v ":$p" two >new; mv new routes
wait_for 4 closed || fail "an address that is gone from the file still listens"
serves 127.0.0.1:"$q" || fail "the address that stayed does not listen"
touch go
ends live 0
has "$(cat live.log)" '^got=still end=eof'
cp two new; mv new routes
wait_for 4 serves 127.0.0.1:"$p" || fail "the address is back in the file and not bound"
