#!/bin/sh
# SPDX-License-Identifier: ISC
# What a backend sends arrives as it is sent, interim answers included.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
begin=$(now_ms)
raw 'send:GET /events HTTP/1.1\r\nHost: a.test\r\n\r\n' 'until:0\n' print:first sleep:0 'until:1\n' print:second 'until:2\n' 'send:GET /body HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n' >events &
wait_for 3 grep -q first events || fail "the first event is held back"
[ $(($(now_ms) - begin)) -lt 700 ] || fail "the first event is late"
lacks "$(cat events)" second
wait $!
has "$(cat events)" 'bytes=0.*end=eof'
has "$(raw 'send:GET /hints HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n')" '103.x20Early.x20Hints.x0d.x0aLink.*200.x20OK.*hinted'
lacks "$(raw 'send:GET /hints HTTP/1.0\r\nHost: a.test\r\n\r\n')" '103'
p='POST /continue HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n'
has "$(raw "send:$p" 'until:Continue\r\n\r\n' send:hello)" 'bytes=5.*end=eof'
has "$(raw 'send:POST /early HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')" '413.*Connection:.x20close.*end=eof'
