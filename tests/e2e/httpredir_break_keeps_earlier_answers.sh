#!/bin/sh
# SPDX-License-Identifier: ISC
# An answer that breaks off takes none of the whole ones before it along: its own length tells that it is not whole.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes -v
hex() { printf "$1" | od -An -tx1 | tr -d ' \n'; }
size=200000

# broken NUMBER ANSWER: connection NUMBER asks for a whole answer and for this one, and reads when the second is over
broken() {
	rm -f go
	spawn_peer late client "$ADDR" "send:GET /size/$size HTTP/1.1\r\nHost: a.test\r\n\r\n" \
	    "send:GET /rawend/$(hex "$2") HTTP/1.1\r\nHost: a.test\r\n\r\n" \
	    wait:go 'until:\r\n\r\n' "skip:$size" read
	logged "conn=$1 PROXY -> (CLOSED|LINGER)" httpredir
	touch go
	ends late 0
	has "$(cat late.log)" '^got=HTTP/1.1.x20200.*Content-Length:.x20200000'
	has "$(sed -n '$p' late.log)" '^got=HTTP/1.1.x20200.*half(.x0d.x0a)? end=eof$'
	logged "conn=$1 .* end=target-reset$" httpredir
	rm late.log
}
broken 1 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'
broken 2 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf'
broken 3 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'
