#!/bin/sh
# SPDX-License-Identifier: ISC
# A broken answer is 502, or a broken connection; the next request is never answered with its leftovers.
. "${0%/*}/lib.sh"

web one
TARGET=$READY
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -v -r routes
hex() { printf "$1" | od -An -tx1 | tr -d ' \n'; }
get_raw() { printf 'GET /raw/%s HTTP/1.1\\r\\nHost: a.test\\r\\n\\r\\n' "$(hex "$1")"; }
l='GET /body HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
for answer in 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n' \
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab' 'HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n' \
    'HTTP/1.1 200 OK\nX : y\n\n' 'SSH-2.0-x\r\n\r\n' 'SSH-2.0-x\r\n' 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n' \
    'HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n' 'HTTP/1.1 200 OK\r\nX : y\r\n\r\n' \
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'; do
	same "502 200 eof" "$(statuses "send:$(get_raw "$answer")$l")" "$answer"
	has "$(cat raw.out)" 'bytes=0'
done
for why in 'malformed or too long head' 'malformed chunks or trailers' '101 that nobody asked for'; do
	logged "debug: conn=[0-9]* target=$TARGET: $why" httpredir
done
# more than it said: the surplus is dropped with its connection
for answer in 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil' \
    'HTTP/1.1 204 X\r\n\r\nevil' 'HTTP/1.1 304 X\r\nContent-Length: 4\r\n\r\nevil'; do
	has "$(statuses "send:$(get_raw "$answer")$l")" '^[23]0[04] 200 eof$'
	lacks "$(cat raw.out)" evil
done
has "$(statuses "send:$(get_raw 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' | sed 's/GET/HEAD/')$l")" '^200 200 eof$'
lacks "$(cat raw.out)" 'ok.*bytes='
# less than it said: the client's connection breaks
rawend() { printf 'GET /rawend/%s HTTP/1.1\\r\\nHost: a.test\\r\\n\\r\\n' "$(hex "$1")"; }
has "$(raw "send:$(rawend 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort')$l")" 'end=(eof|reset)$'
lacks "$(raw "send:$(rawend 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort')$l")" 'bytes='
lacks "$(raw "send:$(rawend 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n')$l")" '0.x0d.x0a.x0d.x0a|bytes='
same "502 200 eof" "$(statuses "send:$(rawend 'HTTP/1.1 200 OK\r\nContent-Le')$l")"
same "502 200 eof" "$(statuses "send:GET /switch HTTP/1.1\r\nHost: a.test\r\n\r\n$l")"
# version 1.0 knows an answer's end by that of the connection: one that was cut off ends in a reset
same reset "$(statuses "send:$(rawend 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n' | sed 's,HTTP/1.1\\r\\nHost,HTTP/1.0\\r\\nHost,')" | sed 's/.* //')"
