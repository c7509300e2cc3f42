#!/bin/sh
# SPDX-License-Identifier: ISC
# A listening socket as descriptor 0 is served (inetd "wait", s6-ipcserver-socketbinder), also with workers.
. "${0%/*}/lib.sh"

named a
echo "* tls=$READY" >routes
start_peer tcp fd0 127.0.0.1:0 -- "$SNIROUTE" -n 9 -r routes -j 2
start binder s6-ipcserver-socketbinder "$T/in.sock" "$SNIROUTE" -n 9 -r routes

for addr in "$(addr_of tcp)" "$(addr_of binder)"; do
	for i in 1 2 3; do same "got=a end=eof" "$(ask "$addr" www.example.org)" "$addr"; done
done
same "unix:$T/in.sock" "$(addr_of binder)"
logged 'end=closed$' tcp
