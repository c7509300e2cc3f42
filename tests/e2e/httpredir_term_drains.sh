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
