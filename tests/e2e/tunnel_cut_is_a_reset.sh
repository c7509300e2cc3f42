#!/bin/sh
# SPDX-License-Identifier: ISC
# What tunneld cuts, at the end of the grace or by a timer, ends in a reset: half an answer must not look like a whole one.
. "${0%/*}/lib.sh"

backend half send:half wait:never && HALF=$READY
backend ended until:x send:half wait:never && ENDED=$READY
ID=$(key c.key)
echo "$ID names=*.test" >auth

# begin ARG...: a tunneld with these, and a tunnelc without any timers
begin() {
	rm -f tunneld.log c.log visitor.log
	hub -a auth --visitors 127.0.0.1:0 "$@"
	VISITORS=${READY##* }
	tunnel c "tcp:half.test=$HALF" "tcp:ended.test=$ENDED" --idle-timeout 0 --half-close-timeout 0
}
# The two ways in that are TCP: a connection of its own, and a socket handed over.
by_tcp() { local who="$1"; shift; client "$VISITORS" "visitor:$who.test,kind=tcp" "$@"; }
by_hand() { local who="$1"; shift; client "unix:$T/visitors" "pass:$who.test,kind=tcp" "$@"; }

begin --idle-timeout 2 --half-close-timeout 1.2
for way in by_tcp by_hand; do
	same 'got=half end=reset' "$($way half read)" "$way, idle"
	same 'got=half end=reset' "$($way ended send:x shut read)" "$way, half closed"
done
logged_times 2 'name=half.test .* end=idle$' tunneld
logged_times 2 'name=ended.test .* end=half-close$' tunneld
stop c
stop tunneld

begin --grace 0.5
by_tcp half recv:4 touch:tcp.there read >tcp.out &
BY_TCP=$!
by_hand half recv:4 touch:hand.there read >hand.out &
BY_HAND=$!
wait_for 10 test -e tcp.there
wait_for 10 test -e hand.there
signal tunneld TERM
ends tunneld 0
wait $BY_TCP
wait $BY_HAND
same "got=half got= end=reset" "$(paste -sd ' ' tcp.out)" "by TCP"
same "got=half got= end=reset" "$(paste -sd ' ' hand.out)" "by hand"
logged_times 2 'name=half.test .* end=drain$' tunneld
