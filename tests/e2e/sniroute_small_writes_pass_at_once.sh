#!/bin/sh
# SPDX-License-Identifier: ISC
# Small messages back and forth wait for nothing (TCP_NODELAY on both sides).
. "${0%/*}/lib.sh"

backend back echo
serve -l 127.0.0.1:0 -t "$READY"

set --
for i in $(seq 200); do set -- "$@" send:a send:b recv:2; done
begin=$(now_ms)
same 200 "$(client "$ADDR" "$@" | grep -c '^got=ab$')"
ms=$(($(now_ms) - begin))
[ $ms -lt 4000 ] || fail "200 round trips took $ms ms"
