#!/bin/sh
# SPDX-License-Identifier: ISC
# TERM stops accepting and lets connections finish, then the exit code is 0.
. "${0%/*}/lib.sh"

backend back print:in until:go echo
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes -g 20

spawn_peer client client "$ADDR" hello:www.example.org wait:go send:gomore shut read
logged ' in$' back
signal sniroute TERM
closed() { [ "$(client "$ADDR")" = connect=ConnectionRefusedError ]; }
wait_for 3 closed || fail "still accepting"
sleep 0.5
alive "$(pid_of sniroute)" || fail "it did not wait for its connection"
touch go
ends client 0
has "$(cat client.log)" '^got=more end=eof$'
ends sniroute 0
logged 'hello=ok .*end=closed$'
