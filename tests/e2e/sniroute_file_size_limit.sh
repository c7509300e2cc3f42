#!/bin/sh
# SPDX-License-Identifier: ISC
# A table larger than the process may make a file is refused; whoever serves goes on with the table it has.
. "${0%/*}/lib.sh"

named a
echo "* tls=$READY" >routes
exits 111 sh -c 'ulimit -f 50; exec "$@"' - "$SNIROUTE" -l 127.0.0.1:0 -r routes
has "$(cat err)" '^sniroute: error: routes: routes: File too large$'

start sniroute sh -c 'ulimit -f 400; exec "$@"' - "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes
ADDR=$READY
seq 10000 | sed "s/.*/h&.example.org tls=127.0.0.1:1/" >>routes
signal sniroute HUP
logged 'error: routes: routes: File too large$'
answers www.example.org a || fail "it serves no more"
