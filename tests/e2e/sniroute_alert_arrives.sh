#!/bin/sh
# SPDX-License-Identifier: ISC
# A refusal's alert arrives although the client has sent more than was read (lingering close).
. "${0%/*}/lib.sh"

echo 'www.example.org tls=127.0.0.1:9' >routes
serve -l 127.0.0.1:0 -r routes

for i in 1 2 3 4 5; do
	out=$(client "$ADDR" hello:nobody.example.org data:512k sleep:0.2 alert)
	has "$out" '^alert=112 version=0303 end=eof$'
	lacks "$out" 'failed='
done
out=$(client "$ADDR" hello:nobody.example.org sleep:0.3 data:64k sleep:0.3 alert)
has "$out" '^alert=112 version=0303 end=eof$'
lacks "$out" 'failed='
same "quiet=no
alert=112 version=0303 end=eof" "$(client "$ADDR" hello:nobody.example.org quiet:2 alert)" "the alert waits for nothing"
