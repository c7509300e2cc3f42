#!/bin/sh
# SPDX-License-Identifier: ISC
# The hello's and the connect deadline do not cut a connection that has passed them.
. "${0%/*}/lib.sh"

backend back echo
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes --hello-timeout 0.5 --connect-timeout 0.5

n=$(peer hello www.example.org | wc -c)
out=$(client "$ADDR" hello:www.example.org sleep:1.5 send:more sleep:0.7 send:last shut read)
has "$out" 'morelast end=eof$'
logged "hello=ok rx=$((n + 8)) tx=$((n + 8)) ms=(2|3)[0-9]{3} end=closed$"
