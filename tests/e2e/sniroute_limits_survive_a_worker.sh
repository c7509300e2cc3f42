#!/bin/sh
# SPDX-License-Identifier: ISC
# What a worker that died had counted for max= and --max-per-source is given back.
. "${0%/*}/lib.sh"

backend back send:hi read
echo "www.example.org tls=$READY max=2" >routes
serve -l 127.0.0.1:0 -r routes -j 2 --max-per-source 4

hold() {
	for i in 1 2; do
		rm -f held$i
		spawn_peer "$1$i" client "$ADDR" hello:www.example.org recv:2 touch:held$i read
	done
	wait_for 5 test -e held1 -a -e held2 || fail "two clients do not run"
	same "got=hi got=hi" "$(cat "$1"?.log | tr '\n' ' ' | sed 's/ $//')"
}
hold first
refuses www.example.org 80
for pid in $(pgrep -P "$(pid_of sniroute)"); do kill -9 "$pid"; done
ends first1 0
ends first2 0
two() { [ "$(pgrep -P "$(pid_of sniroute)" | wc -l)" = 2 ]; }
wait_for 5 two || fail "the workers were not replaced"
hold second
refuses www.example.org 80
for i in 1 2 3; do spawn_peer idle$i client "$ADDR" touch:idle$i read; done
wait_for 5 test -e idle1 -a -e idle2 -a -e idle3
has "$(client "$ADDR" read)" '^got= end=(eof|reset)$'
