#!/bin/sh
# SPDX-License-Identifier: ISC
# The fields of requests and answers keep their order, Content-Length among them; Host goes first.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
l='GET /body HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
ours='X-Forwarded-For X-Forwarded-Proto X-Forwarded-Host Forwarded'
# names WORD...: of the fields the target got with the first request
names() { raw "$@" | sed 's/.*HTTP.1\.1\\x0a//;s/\\x0aHTTP.*//;s/\\x0a/\n/g' | sed 's/:.*//' | paste -sd ' '; }

same "Host A Content-Length B C D $ours" \
    "$(names "send:POST /head HTTP/1.1\r\nA: 1\r\ncontent-length: 1\r\nB: 2\r\nHost: a.test\r\nC: 3\r\nX-Forwarded-For: 1\r\nD: 4\r\n\r\nx$l")"
# once, as a plain number, and whatever Connection says
same "Host A Content-Length B C $ours" \
    "$(names "send:POST /head HTTP/1.1\r\nA: 1\r\nContent-Length: 001\r\nB: 2\r\nContent-Length: 1\r\nHost: a.test\r\nC: 3\r\n\r\nx$l")"
has "$(raw "send:POST /head HTTP/1.1\r\nHost: a.test\r\nContent-Length: 001\r\n\r\nx$l")" 'Content-Length:.x201.x0a'
same "Host Content-Length B $ours" \
    "$(names "send:POST /head HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\nConnection: Content-Length\r\nB: 2\r\n\r\nx$l")"
same "Host Content-Length B $ours" "$(names "send:POST /head HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\nB: 2\r\n\r\n$l")"
# chunks have none
same "Host A B $ours Transfer-Encoding" \
    "$(names "send:POST /head HTTP/1.1\r\nHost: a.test\r\nA: 1\r\nTransfer-Encoding: chunked\r\nB: 2\r\n\r\n1\r\nx\r\n0\r\n\r\n$l")"
same "Host A $ours" "$(names "send:GET /head HTTP/1.1\r\nHost: a.test\r\nA: 1\r\n\r\n$l")"

hex=$(printf 'HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 1\r\nB: 2\r\nContent-Length: 1\r\n\r\nx' | od -An -v -tx1 | tr -d ' \n')
has "$(raw "send:GET /raw/$hex HTTP/1.1\r\nHost: a.test\r\n\r\n$l")" 'OK.x0d.x0aA:.x201.x0d.x0aContent-Length:.x201.x0d.x0aB:.x202.x0d.x0a.x0d.x0axHTTP'
