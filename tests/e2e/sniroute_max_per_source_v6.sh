#!/bin/sh
# SPDX-License-Identifier: ISC
# For v6 clients --max-per-source counts per /64.
. "${0%/*}/lib.sh"

own_network
for a in fd00:1::1 fd00:1::2 fd00:2::1; do
	ip -6 addr add $a/128 dev lo 2>/dev/null || skip "no v6"
done
backend back send:hi read
serve -l '[fd00:1::1]:0' -t "$READY" --max-per-source 2

for i in 1 2; do
	spawn_peer c$i client "$ADDR" from:fd00:1::$i recv:2 touch:got$i wait:go shut read
done
wait_for 5 test -e got1 -a -e got2
has "$(client "$ADDR" from:fd00:1::1 read)" '^got= end=(eof|reset)$'
has "$(client "$ADDR" from:fd00:1::2 read)" '^got= end=(eof|reset)$'
same "got=hi end=eof" "$(client "$ADDR" from:fd00:2::1 shut read)"
touch go
ends c1 0
ends c2 0
