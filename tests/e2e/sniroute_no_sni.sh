#!/bin/sh
# SPDX-License-Identifier: ISC
# A hello without SNI, or with an IP address or something that is no host name in it, goes to "*" and is never dialled.
. "${0%/*}/lib.sh"

named rest
cat >routes <<-END
	127.0.0.1.example.org  tls=127.0.0.1:9
	*.example.org          tls=127.0.0.1:9
	*                      tls=$READY
END
serve -l 127.0.0.1:0 -r routes

for n in ,nosni 127.0.0.1 ::1 '[::1]' 'bad host.example.org' -x-.example.org a..example.org .example.org '*.example.org' \
    "$(printf '%064d' 0).example.org" 'nul\x00.example.org' '\xff.example.org' 'www.example.org/x'; do
	same "got=rest end=eof" "$(ask "$ADDR" "$n")" "$n"
done
logged_times 13 'route=\* .*hello=no-sni .*end=closed'
not_logged 'hello=ok'
