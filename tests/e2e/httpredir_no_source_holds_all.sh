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
for host in a c; do	# 65280 bytes wait: 257 times, almost a quarter of 64 MiB
	{ printf 'GET / HTTP/1.1\r\nHost: %s.test\r\n\r\nGET /' $host; printf '%065275d' 0; } >$host.pipelined
done
# in_halves ADDRESS: what a client there gets whose head comes in two parts
in_halves() {
	client "$ADDR" "from:$1" 'send:GET /h HTTP/1.1\r\nHo' sleep:0.3 \
	    'send:st: b.test\r\nConnection: close\r\n\r\n' timeout:20 read
}

has "$(in_halves 127.0.0.1)" '^got=HTTP/1.1.x20308.*/h'
start_peer herd herd 1060 stop "$ADDR" from:127.0.0.1 file:a.pipelined
wait_for 30 has_lines 1060 'got=GET' mute || fail "$(count 'got=GET' mute) requests have arrived"
has "$(in_halves 127.0.0.2)" '^got=HTTP/1.1.x20308.*/h'
has "$(in_halves 127.0.0.1)" '^got=HTTP/1.1.x20503.*Retry-After.*Connection:.x20close.* end=eof$'
logged 'peer=127\.0\.0\.1:.* hello=- .*end=limit$' httpredir
spawn_peer last client "$ADDR" from:127.0.0.1 file:c.pipelined timeout:20 read
wait_for 5 has_lines 1 'got=GET' slow || fail "the last request has not arrived"
touch go
ends last 0 20
has "$(cat last.log)" '^got=HTTP/1.1.x20204.*Connection:.x20close.x0d.x0a.x0d.x0a end=eof$'

# what is given back can be had again
touch stop
ends herd 0 20
stop mute
served() { in_halves 127.0.0.1 | grep -q '^got=HTTP/1.1.x20308'; }
wait_for 10 served || fail "the share is not given back"
