#!/bin/sh
# SPDX-License-Identifier: ISC
# Before a client is known: what is no client ends within its deadline and says why, logins are limited, nobody waits for the silent.
. "${0%/*}/lib.sh"

ID=$(login a) STRANGER=$(login stranger)
echo "$ID names=app.test" >auth
launch() {
	hub -a auth "$@"
	ADDR=$TUNNEL
}
launch --max-logins 40 -m "unix:$T/metrics"

# A good one.
out=$(by_hand client "$ADDR" a.key hello get)
same "welcome names=$ID.tun.test,app.test heartbeat_ms=10000 dead_ms=20000 streams=1024 within_ms=1000" "$out"
logged "client=$ID conn=[0-9]+ peer=.* session=up name=$ID.tun.test streams=1024 sessions=1" tunneld
logged "name=$ID.tun.test route=- target=- hello=ok rx=[0-9]+ tx=[0-9]+ ms=[0-9]+ end=(closed|client-reset)" tunneld

# One that is not listed is told so, in words that can be pasted, and the connection ends in order.
out=$(by_hand client "$ADDR" stranger.key hello get end)
has "$out" "^error code=unauthorised text=$STRANGER: .* after_ms=0$"
has "$out" 'end=(close_notify|eof)$'
logged "client=$STRANGER conn=[0-9]+ peer=.* session=refused reason=\"unauthorised: not authorised; .*\"\$" tunneld
logged "name=$STRANGER.tun.test .* hello=ok .* end=denied" tunneld

# Garbage of all sorts.
client "$ADDR" 'send:GET / HTTP/1.1\r\n\r\n' timeout:5 read >out
same "got= end=reset" "$(cat out)" "to an HTTP client"
logged 'hello=not-tls rx=0 tx=0 ms=[0-9]+ end=hello' tunneld
client "$ADDR" hello:x timeout:5 alert >out
has "$(cat out)" '^alert=[0-9]+ .*end=eof$'
logged 'hello=malformed .* end=hello' tunneld
logged 'hello=malformed reason="handshake: ' tunneld
client "$ADDR" shut timeout:5 read >out
logged 'hello=eof .* end=hello' tunneld
client "$ADDR" hex:1603 rst
logged 'hello=eof .* end=(hello|client-reset)' tunneld

# Broken words on stream 1.
for words in 'line:{}' 'line:nonsense' 'line:{"type":"drain"}' 'hello:{"version":0}' 'hello:{"instance":"x"}' \
    'hello hello'; do
	# shellcheck disable=SC2086 # words are wanted
	has "$(by_hand client "$ADDR" a.key $words end)" 'error code=(protocol|version)' || fail "$words"
done
has "$(by_hand client "$ADDR" a.key frame:0:1:3:2:x end)" '^1:8:3:0 3:0:0:0 end=close_notify$'
logged 'protocol: its first stream is not stream 1' tunneld
has "$(by_hand client "$ADDR" a.key hello get timeout:1 frame:0:1:3:1:x end)" '1:8:3:0 end=timeout' # another stream is reset, no more
has "$(by_hand client "$ADDR" a.key hello get opens:5000:3 end)" '3:0:0:1 .*end=(close_notify|eof|reset)|end=(pipe|tls)'
logged "client=$ID .* session=down reason=\"protocol: .*\"\$" tunneld
has "$(by_hand client "$ADDR" a.key hello get frame:9:0:0:0 end)" '3:0:0:1 .*end=|end='
has "$(by_hand client "$ADDR" a.key "part:$(printf '%070000d' 0)" end)" 'code=protocol'

# The silent: nobody waits for them while there are places. (Who has to go when there are none: tunneld_logins_yield.sh.)
stop tunneld
: >tunneld.log
launch --max-logins 40 -m "unix:$T/metrics"
start_peer herd herd 10 over "$ADDR" from:127.0.0.2 timeout:20
pending() { [ "$(curl -sS --unix-socket metrics http://localhost/metrics | sed -n 's/^tunneld_logins //p')" = "$1" ]; }
wait_for 5 pending 10 || fail "10 logins under way"
start_ms=$(now_ms)
has "$(by_hand client "$ADDR" a.key hello get)" '^welcome '
[ $(($(now_ms) - start_ms)) -lt 2000 ] || fail "a good client waits for silent ones"
for n in 3 4 5; do start_peer "herd$n" herd 10 over "$ADDR" "from:127.0.0.$n" timeout:20; done
wait_for 5 pending 40 || fail "40 logins under way"
# They last for 10 s, and then there is room.
wait_for 15 pending 0 || fail "silent clients stay"
all_logged() { [ "$(count 'hello=timeout rx=0 tx=0 ms=(9[5-9]|10)[0-9]+ end=hello' tunneld)" = 40 ]; }
wait_for 5 all_logged || fail "40 lines: $(cat tunneld.log)"
has "$(by_hand client "$ADDR" a.key hello get)" '^welcome '
touch over
