#!/bin/sh
# SPDX-License-Identifier: ISC
# Whoever was refused and lingers when the drain ends keeps the end that was his, and so does the exit code.
. "${0%/*}/lib.sh"

echo "a.test tls=127.0.0.1:1 deny=127.0.0.0/8" >routes
serve -l 127.0.0.1:0 -r routes -g 0
spawn_peer unknown client "$ADDR" hello:b.test recv:7 touch:one wait:over
spawn_peer denied client "$ADDR" hello:a.test recv:7 touch:two wait:over
wait_for 5 test -e one -a -e two
signal sniroute TERM
ends sniroute 0
touch over
logged 'name=b.test .* tx=7 .* end=no-route$'
logged 'name=a.test .* tx=7 .* end=denied$'
