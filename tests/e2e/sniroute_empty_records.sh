#!/bin/sh
# SPDX-License-Identifier: ISC
# A few empty handshake records before a hello are refused with alert 50 instead of being read for ever.
. "${0%/*}/lib.sh"

echo "* tls=127.0.0.1:9" >routes
serve -l 127.0.0.1:0 -r routes --hello-timeout 20

empty=$(printf '1603010000%.0s' $(seq 200))
has "$(client "$ADDR" "hex:$empty" alert)" '^alert=50 version=0301 end=eof$'
logged 'hello=malformed .*end=hello$'
