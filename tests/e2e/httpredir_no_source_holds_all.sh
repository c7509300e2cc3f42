#!/bin/sh
# SPDX-License-Identifier: ISC
# One source can't use up the memory for bytes that wait, behind requests and of unfinished heads. Beyond its share a
# head gets 503, and a whole request the answer that is its last; others get all of theirs.
. "${0%/*}/lib.sh"

[ "$(ulimit -n)" -ge 4000 ] || skip "fewer than 4000 descriptors"
backend mute 'until:\r\n\r\n' sleep:300
backend slow 'until:\r\n\r\n' wait:go 'send:HTTP/1.1 204 No Content\r\n\r\n' read
printf '%s\n' "a.test http=$(addr_of mute)" 'b.test tls=127.0.0.1:1' "c.test http=$(addr_of slow)" >routes
front -l 127.0.0.1:0 -r routes --max-per-source 4000 --hello-timeout 60 --response-timeout 300
# waits HOST N: a request, and N bytes that wait behind it
waits() { printf 'GET / HTTP/1.1\r\nHost: %s.test\r\n\r\nGET /%0*d' "$1" "$(($2 - 5))" 0; }
# in_halves ADDRESS: what a client there gets whose head comes in two parts
in_halves() {
	client "$ADDR" "from:$1" 'send:GET /h HTTP/1.1\r\nHo' sleep:0.3 \
	    'send:st: b.test\r\nConnection: close\r\n\r\n' timeout:20 read
}

has "$(in_halves 127.0.0.1)" '^got=HTTP/1.1.x20308.*/h'
# All that one read takes, as often as it would fill 64 MiB; then smaller and smaller parts, until a quarter of that is full.
wanted=0
for part in 65280 8000 500; do
	clients=$((part > 8000 ? 1060 : 150)) wanted=$((wanted + clients))
	waits a $part >part
	start_peer herd$part herd $clients stop "$ADDR" from:127.0.0.1 file:part
	wait_for 30 has_lines $wanted 'got=GET' mute || fail "$(count 'got=GET' mute) requests have arrived, not $wanted"
done
waits c 65280 >last
has "$(in_halves 127.0.0.2)" '^got=HTTP/1.1.x20308.*/h'
refused() { in_halves 127.0.0.1 | grep -qE '^got=HTTP/1.1.x20503.*Retry-After.*Connection:.x20close.* end=eof$'; }
wait_for 1 refused || fail "not refused: $(in_halves 127.0.0.1)"	# more than one try, lest both parts are read at once
logged 'peer=127\.0\.0\.1:.* hello=- .*end=limit$' httpredir
spawn_peer last client "$ADDR" from:127.0.0.1 file:last timeout:20 read
wait_for 5 has_lines 1 'got=GET' slow || fail "the last request has not arrived"
touch go
ends last 0 20
has "$(cat last.log)" '^got=HTTP/1.1.x20204.*Connection:.x20close.x0d.x0a.x0d.x0a end=eof$'

# what is given back can be had again
touch stop
for part in 65280 8000 500; do ends herd$part 0 20; done
stop mute
served() { in_halves 127.0.0.1 | grep -q '^got=HTTP/1.1.x20308'; }
wait_for 10 served || fail "the share is not given back"
