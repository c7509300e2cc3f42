#!/bin/sh
# SPDX-License-Identifier: ISC
# --accept-proxy=CIDR,... wants the header from those sources; from others it is not TLS.
. "${0%/*}/lib.sh"

named a
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes --accept-proxy=127.0.0.2,10.0.0.0/8
v1='send:PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n'

same "got=a end=eof" "$(client "$ADDR" from:127.0.0.2 "$v1" hello:www.example.org shut read)"
logged 'peer=192\.0\.2\.7:4711 .*hello=ok .*end=closed$'
has "$(client "$ADDR" from:127.0.0.2 hello:www.example.org shut read)" '^got= end=(eof|reset)$'
same "got=a end=eof" "$(client "$ADDR" hello:www.example.org shut read)"
has "$(client "$ADDR" "$v1" hello:www.example.org read)" '^got= end=(eof|reset)$'
logged 'peer=127\.0\.0\.1:[0-9]+ .*hello=not-tls .*end=hello$'
exits 100 "$SNIROUTE" -l 127.0.0.1:0 -r routes --accept-proxy=10.0.0.0/33
