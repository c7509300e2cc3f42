#!/bin/sh
# SPDX-License-Identifier: ISC
# Bytes sent one by one wait for nothing on their way through, in either direction (TCP_NODELAY on both sides).
. "${0%/*}/lib.sh"

set --
for i in $(seq 150); do set -- "$@" recv:2 send:ab; done
backend back pieces:1:0 "$@"
serve -l 127.0.0.1:0 -t "$READY"

set --
for i in $(seq 150); do set -- "$@" send:ab recv:2; done
same 150 "$(client "$ADDR" pieces:1:0 "$@" | grep -c '^got=ab$')"
logged 'conn=1 .* end=closed$'
ms=$(sed -n 's/.*conn=1 .* ms=\([0-9]*\) .*/\1/p' sniroute.log)	# not the client's: it takes a while to start
[ $ms -lt 2500 ] || fail "150 round trips took $ms ms"
