#!/bin/sh
# SPDX-License-Identifier: ISC
# A hello in single bytes, spread over records, or both, is routed all the same and replayed byte for byte.
. "${0%/*}/lib.sh"

backend back save:seen
echo "www.example.org tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes

try() {
	rm -f seen
	# shellcheck disable=SC2086 # words are wanted
	same "got= end=eof" "$(client "$ADDR" $1 "hello:$2" "send:$3" shut read)" "$1 $2"
	{ peer hello "$2"; printf %s "$3"; } >sent
	cmp sent seen
}
try "" www.example.org "early data"
try pieces:1:0.002 www.example.org x
try pieces:1:0 www.example.org,alpn=h2,split=1 ""
try pieces:3:0.001 www.example.org,split=2 ""
try pieces:100:0.005 www.example.org,pad=3000,split=700 more
try pieces:1400:0.01 www.example.org,pad=12000,split=5000 more
try "" www.example.org,split=40,pad=9000 ""
# The first byte alone, and a header cut in two.
rm -f seen
rest=$(peer hello www.example.org | tail -c +4 | od -An -tx1 -v | tr -d ' \n')
client "$ADDR" pieces:1:0.2 hex:1603 pieces:0:0 hex:01 sleep:0.2 "hex:$rest" shut read
peer hello www.example.org | cmp - seen
same 0 "$(count 'hello=(malformed|not-tls)')"
