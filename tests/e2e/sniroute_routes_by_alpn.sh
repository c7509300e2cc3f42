#!/bin/sh
# SPDX-License-Identifier: ISC
# alpn:PROTO= beats tls= when the hello offers PROTO, whatever stands before it in the offer; tls= takes the rest.
. "${0%/*}/lib.sh"

named tls
named acme
cat >routes <<-END
	www.example.net  tls=$(addr_of tls) alpn:acme-tls/1=$(addr_of acme)
	alpn.example.net alpn:acme-tls/1=$(addr_of acme)
	*                tls=$(addr_of tls)
END
serve -l 127.0.0.1:0 -r routes

same "got=tls end=eof" "$(ask "$ADDR" www.example.net)"
same "got=tls end=eof" "$(ask "$ADDR" www.example.net,alpn=h2,alpn=http/1.1)"
same "got=acme end=eof" "$(ask "$ADDR" www.example.net,alpn=acme-tls/1)"
same "got=acme end=eof" "$(ask "$ADDR" www.example.net,alpn=h2,alpn=acme-tls/1)"
same "got=tls end=eof" "$(ask "$ADDR" www.example.net,alpn=acme-tls/10)"
same "got=acme end=eof" "$(ask "$ADDR" alpn.example.net,alpn=acme-tls/1)"
