#!/bin/sh
# SPDX-License-Identifier: ISC
# What is not TLS is closed without a byte; a tcp= on "*" takes it, every byte unchanged.
. "${0%/*}/lib.sh"

named tls
backend plain save:seen
echo "* tls=$(addr_of tls)" >routes.tls
echo "* tcp=$(addr_of plain)" | cat routes.tls - >routes
start only_tls "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes.tls
serve -l 127.0.0.1:0 -r routes

for bytes in '474554' '15' '1601' '160400' '00' "$(printf 'SSH-2.0-x\r\n' | od -An -tx1 | tr -d ' \n')" '80'; do
	has "$(client "$(addr_of only_tls)" hex:$bytes read)" '^got= end=(eof|reset)$'
done
logged 'name=- route=- target=- hello=not-tls rx=[0-9]+ tx=0 ms=[0-9]+ end=hello$' only_tls
same 7 "$(count 'hello=not-tls .*end=hello$' only_tls)"

same "got=tls end=eof" "$(ask "$ADDR" www.example.org)"
same "got= end=eof" "$(client "$ADDR" 'send:GET / HTTP/1.0\r\n\r\n' shut read)"
wait_for 5 grep -q saved plain.log
same "$(printf 'GET / HTTP/1.0\r\n\r' | od -c)" "$(head -c 17 seen | od -c)"
logged "name=- route=\* target=$(addr_of plain) hello=not-tls rx=18 tx=0 ms=[0-9]+ end=closed$"
