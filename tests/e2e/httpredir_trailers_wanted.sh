#!/bin/sh
# SPDX-License-Identifier: ISC
# A target that sends trailers only to who takes them hears from httpredir which clients do, and no more about codings.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
# hears VERSION FIELDS: what of it the target is told about its connection
hears() {
	raw "send:GET /head HTTP/$1\r\nHost: a.test\r\nA: 1\r\n$2\r\n\r\nGET /body HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n" |
	    sed 's/.*HTTP.1\.1\\x0a//;s/\\x0a/\n/g' | sed 's/\\x20/ /g' | grep -iE '^(TE|Connection):' | grep -v close | paste -sd ,
}
for fields in 'TE: trailers' 'te: Trailers' 'Connection: TE\r\nTE: trailers' 'TE: gzip, trailers' 'TE: deflate\r\nTE: trailers' \
    'Connection: close, te\r\nTE: trailers'; do
	same 'Connection: TE,TE: trailers' "$(hears 1.1 "$fields")" "$fields"
done
for fields in 'B: 1' 'TE: gzip' 'TE: trailers2' 'TE:' 'Connection: TE'; do
	same '' "$(hears 1.1 "$fields")" "$fields"
done
same '' "$(hears 1.0 'Connection: keep-alive\r\nTE: trailers')" 'version 1.0 has no trailers'
same 'Connection: Upgrade' "$(hears 1.1 'Connection: Upgrade\r\nUpgrade: x\r\nTE: trailers')" 'with an upgrade'
