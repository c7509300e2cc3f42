#!/bin/sh
# SPDX-License-Identifier: ISC
# USR1 logs one status line and disturbs nothing.
. "${0%/*}/lib.sh"

backend back print:in echo
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes
spawn_peer client client "$ADDR" hello:www.example.org wait:go send:x shut read
logged ' in$' back

lines=$(wc -l <sniroute.log)
signal sniroute USR1
wait_for 5 sh -c "test \$(wc -l <sniroute.log) = $((lines + 1))" || fail "no line"
has "$(tail -n 1 sniroute.log)" '^sniroute: info: .*(conn|connections|active)[a-z_-]*=1( |$)'
touch go
ends client 0
has "$(cat client.log)" 'x end=eof$'
