#!/bin/sh
# SPDX-License-Identifier: ISC
# A head of many fields takes about as much work whether Connection names some or not.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes

# heads LINE: 400 requests, with that line among 250 small fields, and a last one without
heads() {
	fields=$(for _ in $(seq 250); do printf 'a:\\r\\n'; done)
	for _ in $(seq 400); do
		printf "GET /status/204 HTTP/1.1\r\nHost: a.test\r\n$1$fields\r\n"
	done
	printf 'GET /status/204 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
}
# cost FILE: milliseconds of processor time for what is in it
cost() {
	before=$(cpu_ms "$(pid_of httpredir)")
	same 401 "$(raw "file:$T/$1" | grep -o '204.x20' | wc -l)" answers >&2
	echo $(($(cpu_ms "$(pid_of httpredir)") - before))
}
heads '' >plain
heads 'Connection: q\r\n' >one-word
heads 'Connection: a1,b1,c1,d1,e1,f1,g1,h1,a2,b2,c2,d2,e2,f2,g2,h2,a3,b3,c3,d3,e3,f3,g3,h3,a4,b4,c4,d4,e4,f4,g4,h4\r\n' >words
plain=$(cost plain)
for named in one-word words; do
	ms=$(cost $named)
	[ "$ms" -lt $((plain * 3 + 80)) ] || fail "$named: $ms ms of processor time for heads that take $plain without"
done
