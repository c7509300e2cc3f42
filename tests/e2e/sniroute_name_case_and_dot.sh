#!/bin/sh
# SPDX-License-Identifier: ISC
# Case and one trailing dot of a name do not matter, neither in the hello nor in the routes file.
. "${0%/*}/lib.sh"

named a
named b
cat >routes <<-END
	WWW.Example.org.  tls=$(addr_of a)
	*.EXAMPLE.net.    tls=$(addr_of b)
END
serve -l 127.0.0.1:0 -r routes

for n in www.example.org WWW.EXAMPLE.ORG www.Example.org. ; do
	same "got=a end=eof" "$(ask "$ADDR" $n)" "$n"
done
same "got=b end=eof" "$(ask "$ADDR" Mail.Example.NET.)"
refuses www.example.org.. 112
certificate cert.pem www.example.org
printf 'Q\n' | openssl s_client -connect "$ADDR" -servername WWW.EXAMPLE.ORG >/dev/null 2>&1 || :
logged 'name=www\.example\.org .*hello=ok rx=[1-9]'
