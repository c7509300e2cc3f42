#!/bin/sh
# SPDX-License-Identifier: ISC
# An error of our own arrives behind interim answers the client has yet to take.
. "${0%/*}/lib.sh"

python3 -SEc '
for n in range(20000):
    print("HTTP/1.1 103 X\r\nLink: <%d>%s\r\n\r\n" % (n, "x" * 1000), end="")' >interims
backend back 'until:\r\n\r\n' file:interims
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes --response-timeout 1.5

# slow N STATUS WORD...: client N does these words, and reads when the target's connection is gone: an error comes last
slow() {
	local n="$1" want="$2"; shift 2
	rm -f go
	spawn_peer slow client "$ADDR" "$@" wait:go save:answers
	logged "^$n failed=" back
	touch go
	ends slow 0 20
	has "$(cat slow.log)" '^saved=answers end=eof$'
	has "$(tail -c 1000 answers)" "^HTTP/1.1 $want "
	has "$(tail -c 2500 answers | tr -d '\r' | tr '\n' ' ')" "x  HTTP/1.1 $want "
}
slow 1 504 'send:GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
logged 'conn=1 .* end=unreachable$' httpredir
slow 2 400 'send:POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n' sleep:0.4 'send:zz\r\n'
logged 'conn=2 .* hello=malformed .* end=hello$' httpredir
