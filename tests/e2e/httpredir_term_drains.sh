#!/bin/sh
# SPDX-License-Identifier: ISC
# TERM closes idle connections at once, lets requests finish, says so to their clients, and exits 0.
. "${0%/*}/lib.sh"

web one
printf '%s\n' "a.test http=$READY" 'b.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes -g 20
spawn idle python3 -SE "$TESTS/peer.py" client "$ADDR" 'send:GET / HTTP/1.1\r\nHost: b.test\r\n\r\n' 'until:\r\n\r\n' touch:idle read
spawn busy python3 -SE "$TESTS/peer.py" client "$ADDR" 'send:GET /sleep/1.5 HTTP/1.1\r\nHost: a.test\r\n\r\n' touch:busy read
# answered; what is left of its body never comes
spawn stalled python3 -SE "$TESTS/peer.py" client "$ADDR" 'send:POST / HTTP/1.1\r\nHost: b.test\r\nContent-Length: 10\r\n\r\nabc' 'until:\r\n\r\n' touch:stalled read
wait_for 5 test -e stalled || fail "no answer"
wait_for 5 test -e idle || fail "no answer"
logged 'GET /sleep' one
begin=$(now_ms)
signal httpredir TERM
ends idle 0 1
ends stalled 0 1
has "$(cat stalled.log)" '^got= end=eof$'
ends busy 0
has "$(cat busy.log)" 'Connection:.x20close.*slept'
ends httpredir 0
[ $(($(now_ms) - begin)) -lt 5000 ] || fail "the drain took too long"

# requests that have come when TERM is noticed, the first of a connection and a later one, are answered
front -l 127.0.0.1:0 -r routes -g 20
late() { local name="$1" host="$2"; shift 2; spawn_peer "$name" client "$ADDR" "$@" wait:stopped "send:GET / HTTP/1.1\r\nHost: $host.test\r\n\r\n" "touch:$name.sent" read; }
late first a touch:first
late later b 'send:GET / HTTP/1.1\r\nHost: b.test\r\n\r\n' 'until:\r\n\r\n' touch:later
both() { [ -e "first$1" ] && [ -e "later$1" ]; }
wait_for 5 both '' || fail "no answer"
accepted() { signal httpredir USR1 && sleep 0.1 && grep -q 'status conns=2 ' httpredir.log; }
wait_for 5 accepted || fail "not both were accepted"
signal httpredir STOP
signal httpredir TERM
touch stopped
wait_for 5 both .sent || fail "nothing sent"
signal httpredir CONT
for name in first later; do
	ends $name 0
	has "$(tail -n 1 $name.log)" '^got=HTTP/1.1.x20(200|308).*Connection:.x20close.*end=eof$'
done
ends httpredir 0
