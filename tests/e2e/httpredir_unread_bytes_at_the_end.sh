#!/bin/sh
# SPDX-License-Identifier: ISC
# Bytes of the client's that nobody reads any more, like the line some send behind a body, do not cost it the last answer.
. "${0%/*}/lib.sh"

size=3145728
backend back 'until:\r\n\r\n' recv:10 wait:go "send:HTTP/1.1 200 OK\r\nContent-Length: $size\r\n\r\n" data:$size shut read
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes

# They, and the client's end, are here before the answer. It is large and read slowly: much of it is still ours at the end.
spawn_peer slow client "$ADDR" 'send:POST / HTTP/1.0\r\nHost: a.test\r\nContent-Length: 10\r\n\r\n' wait:posted \
    'send:0123456789\r\n' shut touch:go 'until:\r\n\r\n' sips:16384:0.002 sum
logged '1 got=POST' back
touch posted
ends slow 0 20
same "$(sed -n 's/^1 sent=\([0-9]*\) \(sha=.*\)/bytes=\1 \2 end=eof/p' back.log)" "$(sed -n '$p' slow.log)"
