#!/bin/sh
# SPDX-License-Identifier: ISC
# Several lines of one name are one route, and a line without a key for TLS takes no part: the next best name serves.
. "${0%/*}/lib.sh"

for s in a b c; do named $s; done
cat >routes <<-END
	two.example.org   tls=$(addr_of a)
	two.example.org   alpn:h2=$(addr_of b)
	http.example.org  http=127.0.0.1:9
	*.example.org     tls=$(addr_of c)
	*.sub.example.org http=127.0.0.1:9
END
serve -l 127.0.0.1:0 -r routes

answers two.example.org a || fail "the first line"
answers two.example.org,alpn=h2 b || fail "the second line of the same name"
answers http.example.org c || fail "an exact name without a key for TLS"
answers x.sub.example.org c || fail "a longer wildcard without a key for TLS"
