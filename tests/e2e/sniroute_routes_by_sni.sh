#!/bin/sh
# SPDX-License-Identifier: ISC
# Real TLS clients reach the server of the best line for their name: exact, longest wildcard, wildcard, "*".
. "${0%/*}/lib.sh"

certificate cert.pem example.org '*.example.org' '*.deep.example.org' '*.a.example.org' other.net
for s in exact wild deep rest; do
	tls_server $s cert.pem
done
cat >routes <<-END
	*                   tls=$(addr_of rest)	# order in the file does not matter
	*.example.org       tls=$(addr_of wild)
	*.Deep.Example.ORG  tls=$(addr_of deep)
	www.example.org     tls=$(addr_of exact)
END
serve -l 127.0.0.1:0 -r routes

same exact "$(fetch www.example.org --cacert cert.pem.crt)"
same wild "$(fetch mail.example.org --cacert cert.pem.crt)"
same wild "$(fetch b.a.example.org --cacert cert.pem.crt)" "a wildcard covers any depth"
same wild "$(fetch deep.example.org --cacert cert.pem.crt)" "a wildcard does not cover its suffix itself"
same deep "$(fetch www.deep.example.org --cacert cert.pem.crt)" "the longest wildcard wins"
same rest "$(fetch example.org --cacert cert.pem.crt)"
same rest "$(fetch other.net --cacert cert.pem.crt)"
logged "name=b\.a\.example\.org route=\*\.example\.org target=$(addr_of wild) hello=ok rx=[0-9]+ tx=[0-9]+ ms=[0-9]+ end=closed$"
logged "name=other\.net route=\* target=$(addr_of rest) hello=ok"
