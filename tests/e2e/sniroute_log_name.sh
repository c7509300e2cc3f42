#!/bin/sh
# SPDX-License-Identifier: ISC
# name= in the log: the name asked for; else that of as=; else, when what was sent is not a name, just that.
. "${0%/*}/lib.sh"

named a
echo "* tls=$READY as=as.example" >routes
serve -l 127.0.0.1:0 -r routes
ask "$ADDR" www.example.org >/dev/null
ask "$ADDR" 192.0.2.1 >/dev/null
logged 'conn=1 .* name=www.example.org route=\* .* hello=ok '
logged 'conn=2 .* name=as.example route=\* .* hello=no-sni '
stop sniroute
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes
ask "$ADDR" 192.0.2.1 >/dev/null
logged 'conn=1 .* name=192.0.2.1 route=\* .* hello=no-sni '
