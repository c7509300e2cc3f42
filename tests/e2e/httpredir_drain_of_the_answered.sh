#!/bin/sh
# SPDX-License-Identifier: ISC
# Whoever has had his last answer and lingers when the drain ends keeps the end that was his; who has yet to read it is cut.
. "${0%/*}/lib.sh"

web one
printf '%s\n' "a.test http=$READY" 'b.test tls=127.0.0.1:1 deny=127.0.0.0/8' >routes
front -l 127.0.0.1:0 -r routes -g 0
expect='Expect: 100-continue\r\nContent-Length: 10\r\n\r\n'
# stays NAME WORD...: a client that does these words, and stays
stays() { local name="$1"; shift; spawn_peer "$name" client "$ADDR" "$@" touch:"$name" wait:over; wait_for 5 test -e "$name"; }
stays rubbish 'send:rubbish\r\n\r\n' 'until:</html>\n'
stays denied "send:POST / HTTP/1.1\r\nHost: b.test\r\n$expect" 'until:</html>\n'
stays unknown "send:POST / HTTP/1.1\r\nHost: x.test\r\n$expect" 'until:</html>\n'
stays slow 'send:GET /size/32m HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n' 'until:\r\n\r\n'
signal httpredir TERM
ends httpredir 0
touch over
logged 'name=- .* end=hello$' httpredir
logged 'name=b.test .* end=denied$' httpredir
logged 'name=x.test .* end=no-route$' httpredir
logged 'name=a.test .* end=drain$' httpredir
