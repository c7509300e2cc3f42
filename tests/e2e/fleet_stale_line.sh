#!/bin/sh
# SPDX-License-Identifier: ISC
# A node that follows a stale line to another one: the visitor is told there that nobody is here, and sent nowhere else, not even
# back to the node whose own stale line leads here.
. "${0%/*}/lib.sh"

# Two nodes, each believing that the other has the client, which is connected to neither any more.
node() {
	start "tunneld-$1" "$TUNNELD" -n 9 -l 127.0.0.1:0 -i server.key --domain tun.test --visitors "unix:$T/$1" \
	    --visitors 127.0.0.1:0 -a auth --park 0.2
	eval "AT_$1=${READY##* }"
}
routers() {
	echo "gone.test tls=$2 http=$2 proxy=v2" >"$1.peers"
	echo "*.test tls=pass:$T/$1 http=unix:$T/$1 proxy=v2" >"$1.routes"
	start "sniroute-$1" "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r "$1.peers" -r "$1.routes"
	TLS=$READY
	start "httpredir-$1" "$HTTPREDIR" -n 9 -l 127.0.0.1:0 -r "$1.peers" -r "$1.routes"
	HTTP=$READY
}
key server.key >/dev/null
echo "$(key client.key) names=gone.test" >auth
node a
node b
routers b "$AT_a"
routers a "$AT_b"		# visitors come to this one

page=$(curl -si --max-time 5 --connect-to "::$HTTP" http://gone.test/)
has "$page" '^HTTP/1.1 503 '
has "$page" '^Tunnel-Error: offline'
same end=reset "$(client "$TLS" timeout:5 hello:gone.test read | sed 's/got= //')"

# One hop: node b was asked twice, by kind, and asked nobody.
logged_times 2 'name=gone.test .* end=unreachable' tunneld-b
not_logged 'gone.test' tunneld-a
not_logged 'gone.test' sniroute-b
not_logged 'gone.test' httpredir-b
