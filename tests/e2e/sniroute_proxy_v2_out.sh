#!/bin/sh
# SPDX-License-Identifier: ISC
# proxy=v2 sends a binary header with the true ends, the name, the protocol and the kind, then the client's bytes.
. "${0%/*}/lib.sh"

backend back proxy save:seen
port=$(free_port)
cat >routes <<-END
	*.example.org    tls=$READY alpn:acme-tls/1=$READY proxy=v2
	*                tcp=$READY proxy=v2
	127.0.0.1:$port  tcp=$READY proxy=v2 as=db.example.com
END
serve -l 127.0.0.1:0 -l '[::1]:0' -l "unix:$T/in.sock" -r routes
six=$(echo "$READY" | cut -d ' ' -f 2)
head="proxy=v2 cmd=PROXY family=11 src=127\.0\.0\.1:[0-9]+ dst=127\.0\.0\.1"

client "$ADDR" hello:WWW.Example.ORG.,alpn=h2,alpn=http/1.1 send:more shut read
logged "^1 $head:$PORT( alpn=h2| authority=www\.example\.org| kind=tls){3}\$" back
{ peer hello WWW.Example.ORG.,alpn=h2,alpn=http/1.1; printf more; } | cmp - seen
client "$ADDR" hello:www.example.org,alpn=h2,alpn=acme-tls/1 shut read
logged "^2 $head:$PORT( alpn=acme-tls/1| authority=www\.example\.org| kind=tls){3}\$" back
client "$ADDR" hello:www.example.org shut read
tlvs="( authority=www\.example\.org| kind=tls){2}"
logged "^3 $head:$PORT$tlvs\$" back
client "$ADDR" send:plain shut read
logged "^4 $head:$PORT kind=tcp\$" back
same plain "$(cat seen)"
client 127.0.0.1:"$port" send:plain shut read
logged "^5 $head:$port( authority=db\.example\.com| kind=tcp){2}\$" back
client "$six" hello:www.example.org shut read
logged "^6 proxy=v2 cmd=PROXY family=21 src=\[::1\]:[0-9]+ dst=\[::1\]:${six##*:}$tlvs\$" back
client "unix:$T/in.sock" hello:www.example.org shut read
logged "^7 proxy=v2 cmd=LOCAL family=00$tlvs\$" back
