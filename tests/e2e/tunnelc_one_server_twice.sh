#!/bin/sh
# SPDX-License-Identifier: ISC
# Two -s that lead to one server: one session is there, the other is left alone until that one has ended.
. "${0%/*}/lib.sh"

named web && WEB=$READY
key c.key >/dev/null
REPLACED='line:{"type":"error","code":"replaced","text":"a newer one","after_ms":100}'
hub_by_hand hello welcome wait:second "$REPLACED" sleep:1 -- \
    hello welcome touch:second wait:over -- hello welcome touch:third sleep:9
start c "$TUNNELC" -n 9 -s "$READY" -s "localhost:${READY##*:}" -k "$SERVER" -i c.key "tls=$WEB"
sessions() { count '^[0-9]+ instance' hub; }

logged 'warn: server=[a-z0-9.:]+ leads to the same server as server=[a-z0-9.:]+: it is left alone while that one is up' c
logged 'info: server=.* link=down reason="refused: replaced: a newer one" retry_ms=-$' c
sleep 1.5
same 2 "$(sessions)" "sessions begun"
exits 0 "$TUNNELC" -i c.key --ready

# The one that is there ends: one of them comes back, not both.
touch over
wait_for 10 test -e third || fail "nobody came back"
sleep 2
same 3 "$(sessions)" "sessions begun"
same 1 "$(count 'leads to the same server' c)" "warnings"
stop c
stop hub

# The one that is there ends and does not come back: the other does. Its way leads over a door that is opened later.
rm second third hub.log c.log
hub_by_hand hello welcome wait:second "$REPLACED" sleep:1 -- \
    hello welcome touch:second until:eof -- hello welcome touch:third sleep:9
hub=$(addr_of hub)
start c "$TUNNELC" -n 9 -s "$hub" -s "unix:$T/door" -k "$SERVER" -i c.key "tls=$WEB"
spawn way socat "UNIX-LISTEN:$T/door" "TCP:$hub"
logged "warn: server=$hub leads to the same server as server=unix:$T/door: " c
stop way
logged "server=unix:$T/door link=down reason=\"[lc]" c
wait_for 10 test -e third || fail "the other did not come back"
stop c
stop hub

# By tunneld itself: a visitor of the session that is there is not disturbed.
hub
rm c.log
tunnel c -s "$TUNNEL" -s "localhost:${TUNNEL##*:}" "tls=$WEB"
logged 'leads to the same server' c
logged 'link=down reason="refused: replaced: .* retry_ms=-$' c
same "got=web end=eof" "$(visit "$ID.tun.test,kind=tls" shut read)"
ups=$(count 'link=up' c)
stop tunneld
hub -l "$TUNNEL"
wait_for 30 has_lines $((ups + 1)) 'link=up' c || fail "nobody came back"
same "got=web end=eof" "$(visit "$ID.tun.test,kind=tls" shut read)"
sleep 2
same 1 "$(count 'refused: replaced' c)" "sessions replaced"
stop c
stop tunneld

# Two doors to one server; then each leads to a server of its own, and neither waits for the other any more.
for n in 1 2 3; do key "s$n.key" >/dev/null; done
pin() { "$TUNNELC" -i "s$1.key" --id; }
server() {
	local n="$1"; shift
	start "tunneld$n" "$TUNNELD" -n 9 -i "s$n.key" --domain tun.test --visitors "unix:$T/visitors$n" --open "$@"
}
rm c.log
server 1 -l "unix:$T/one" -l "unix:$T/two"
start c "$TUNNELC" -n 9 -s "unix:$T/one" -s "unix:$T/two" -k "$(pin 1)" -k "$(pin 2)" -k "$(pin 3)" -i c.key "tls=$WEB"
logged 'link=down reason="refused: replaced: .* retry_ms=-$' c
server 2 -l "unix:$T/new"
mv new one
server 3 -l "unix:$T/new"
mv new two
stop tunneld1
for n in 2 3; do
	wait_for 15 grep -q session=up "tunneld$n.log" || fail "one waits for its twin of former days: $(cat c.log)"
done
