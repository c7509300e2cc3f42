#!/bin/sh
# SPDX-License-Identifier: ISC
# A name no line fits, or no name at all, is refused with alert 112, which real TLS clients understand.
. "${0%/*}/lib.sh"

cat >routes <<-END
	www.example.org  tls=127.0.0.1:9
	*.example.net    tls=127.0.0.1:9
	*                tcp=127.0.0.1:9	# no key for TLS: takes no part
END
serve -l 127.0.0.1:0 -r routes

refuses nobody.example.org 112
refuses example.net 112
refuses ,nosni 112
openssl s_client -connect "$ADDR" -servername nobody.example.com </dev/null >s_client 2>&1 || :
has "$(cat s_client)" 'unrecognized name.*SSL alert number 112'
fetch nobody.example.com -k >curl 2>&1 && fail "curl was served"
has "$(cat curl)" 'unrecognized name'
logged 'name=nobody\.example\.org route=- target=- hello=ok rx=[0-9]+ tx=7 ms=[0-9]+ end=no-route$'
logged 'name=- route=- target=- hello=no-sni rx=[0-9]+ tx=7 ms=[0-9]+ end=no-route$'
