#!/bin/sh
# SPDX-License-Identifier: ISC
# The end of one direction is forwarded after its last byte, and the other direction stays open as long as it needs.
. "${0%/*}/lib.sh"

backend slow sum sleep:1 data:2m shut
backend early send:bye shut sum
echo "slow.example.org tls=$(addr_of slow)" >routes
echo "early.example.org tls=$(addr_of early)" >>routes
serve -l 127.0.0.1:0 -r routes

out=$(client "$ADDR" hello:slow.example.org data:1m shut sum)
has "$out" '^bytes=2097152 sha=[0-9a-f]+ end=eof$'
logged "^1 bytes=$((1048576 + $(peer hello slow.example.org | wc -c))) sha=[0-9a-f]+ end=eof" slow
out=$(client "$ADDR" hello:early.example.org read sleep:1 data:1m shut)
has "$out" '^got=bye end=eof$'
logged "^1 bytes=$((1048576 + $(peer hello early.example.org | wc -c))) sha=[0-9a-f]+ end=eof" early
same 2 "$(count 'end=closed$')"
