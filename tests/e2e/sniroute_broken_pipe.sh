#!/bin/sh
# SPDX-License-Identifier: ISC
# A client that goes away while it is being sent to ends a one-connection launch with an exit code, not with a signal.
. "${0%/*}/lib.sh"

backend back until:abc sleep:0.3 data:4m read
echo "* tls=$READY" >routes

for kind in tcp socketpair pipes; do
	out=$(peer one $kind hello:www.example.org send:abc sleep:0.1 close -- "$SNIROUTE" -r routes 2>sniroute.log)
	has "$out" '^exit=(0|111)$'
	logged 'hello=ok .* end=(client-reset|closed)$'
done
