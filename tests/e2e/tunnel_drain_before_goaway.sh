#!/bin/sh
# SPDX-License-Identifier: ISC
# Who stops says so by a drain and, behind it, a GOAWAY: the drain tells when to come back, and does so in any order.
. "${0%/*}/lib.sh"

named web && WEB=$READY

# tunneld: the whole of the message first.
hub
for n in 1 2; do
	login "n$n" >/dev/null
	by_hand client "$TUNNEL" "n$n.key" hello get end >"n$n.out" &
	wait_for 5 grep -q '^welcome' "n$n.out" || fail "no client $n: $(cat "n$n.out")"
done
signal tunneld TERM
ends tunneld 0
for n in 1 2; do
	wait_for 5 grep -q 'end=' "n$n.out" || fail "no end: $(cat "n$n.out")"
	has "$(cat "n$n.out")" '^drain '
	has "$(cat "n$n.out")" '^stream1 3:0:0:0 end=close_notify'
done

# All of them real ones: spread over the time it takes, by the drain and not by the welcome of the first.
hub --max-per-source 0 --max-logins 240
for n in $(seq 60); do
	[ -f "n$n.key" ] || key "n$n.key" >/dev/null
	spawn "c$n" "$TUNNELC" -s "$TUNNEL" -k "$SERVER" -i "n$n.key" "tls=$WEB"
done
for n in $(seq 60); do logged 'link=up' "c$n"; done
signal tunneld TERM
ends tunneld 0
late=0
for n in $(seq 60); do
	logged_times 1 'link=draining visitors=0 retry_ms=' "c$n"
	[ "$(sed -n 's/.*link=draining .*retry_ms=//p' "c$n.log")" -le 1000 ] || late=$((late + 1))
done
[ $late -ge 8 ] || fail "$late of 60 clients come back later than in a second, not 20 or so"
for n in $(seq 60); do stop "c$n"; done

# tunnelc: the same order, with and without a visitor.
# talk WORD...: a server that does these words with a tunnelc of its own; logs are hub.log and c.log
talk() {
	rm -f hub.log c.log
	hub_by_hand "$@"
	spawn c "$TUNNELC" -s "$READY" -k "$SERVER" -i n1.key "tls=$WEB" -v
}
talk hello welcome until:eof
logged 'link=up' c
stop c
logged '^1 eof' hub
same "line:drain goaway:0 eof" "$(sed -n '/hello/d;s/^1 \([lge].*\)/\1/p' hub.log | paste -sd ' ')"
stop hub
talk hello welcome visitor:2:x.test,kind=tls until:fin:2 until:goaway:0
logged '^1 fin:2' hub
signal c TERM
logged '^1 goaway:0' hub
same "line:drain goaway:0" "$(grep -oE '(line:drain|goaway:0)' hub.log | paste -sd ' ')"
stop c
stop hub

# A drain behind the GOAWAY, in one piece with it or later: what it says of the time is what counts.
DRAIN='{"type":"drain","after_ms":900,"within_ms":1}'
PIECE="raw:\\x00\\x03\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x2e$DRAIN\\n"
talk hello 'welcome:{"within_ms":1}' "$PIECE" sleep:9 -- hello welcome touch:again sleep:9
logged 'link=draining visitors=0 retry_ms=90[01]$' c
[ ! -e again ] || fail "it came back at once"
wait_for 5 test -e again || fail "it did not come back"
stop c
stop hub
rm again
talk hello 'welcome:{"within_ms":60000}' visitor:2:x.test,kind=tls until:fin:2 goaway "line:$DRAIN" sleep:9 -- hello welcome sleep:9
logged 'link=draining visitors=1 retry_ms=90[01]$' c
logged_times 2 'link=up' c
logged_times 2 'link=draining visitors=1 retry_ms=' c
stop c
stop hub
