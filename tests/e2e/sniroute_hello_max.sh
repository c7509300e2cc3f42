#!/bin/sh
# SPDX-License-Identifier: ISC
# A hello over --hello-max is refused with alert 50 at its length, one of just that size is served; 65536 is the end.
. "${0%/*}/lib.sh"

named back
echo "* tls=$READY" >routes
big=$(peer hello www.example.org,pad=1000 | wc -c)	# one record: 5 bytes more than the message
serve -l 127.0.0.1:0 -r routes --hello-max $((big - 5))

answers www.example.org,pad=1000 back || fail "a hello of the limit's size"
refuses www.example.org,pad=1001 50
refuses www.example.org,pad=3000,split=100 50
logged 'name=- route=- target=- hello=too-big rx=[0-9]+ tx=7 ms=[0-9]+ end=hello$'
has "$(client "$ADDR" hex:160301000401ffffff alert)" '^alert=50 '
stop sniroute

serve -l 127.0.0.1:0 -r routes
answers www.example.org,pad=16000 back || fail "16 KB"
refuses www.example.org,pad=16400 50
stop sniroute

serve -l 127.0.0.1:0 -r routes --hello-max 65536
answers www.example.org,pad=65300 back || fail "64 KB"
refuses www.example.org,pad=65500 50
exits 100 "$SNIROUTE" -l 127.0.0.1:0 -r routes --hello-max 65537
has "$(cat err)" 'hello-max'
