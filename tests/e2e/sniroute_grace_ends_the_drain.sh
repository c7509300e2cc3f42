#!/bin/sh
# SPDX-License-Identifier: ISC
# After --grace seconds the connections that are left are closed with end=drain, and the exit code is 0.
. "${0%/*}/lib.sh"

backend back print:in read
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes -g 1

spawn_peer silent client "$ADDR" touch:silent read
wait_for 5 test -e silent
spawn_peer client client "$ADDR" hello:www.example.org read
logged ' in$' back
begin=$(now_ms)
signal sniroute TERM
ends sniroute 0 4
ms=$(($(now_ms) - begin))
[ $ms -ge 900 ] || fail "ended after $ms ms"
ends client 0
has "$(cat client.log)" 'end=(eof|reset)$'
logged 'name=www\.example\.org .* end=drain$'
same 2 "$(count 'conn=[0-9]+ .* end=')" "a line for each connection"
