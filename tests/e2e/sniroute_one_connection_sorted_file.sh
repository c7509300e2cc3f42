#!/bin/sh
# SPDX-License-Identifier: ISC
# The one-connection launch answers from a large sorted file without reading all of it.
. "${0%/*}/lib.sh"

named a
lines=1000000
{
	echo '#!routes sorted'
	seq -f "h%08.0f.example.org tls=$READY" $lines
} >routes
exits 0 "$SNIROUTE" -r routes -c

begin=$(now_ms)
for n in 00000001 00500000 01000000; do
	has "$(peer one socketpair hello:h$n.example.org shut read -- "$SNIROUTE" -r routes 2>>sniroute.log)" '^got=a end=eof$'
done
has "$(peer one socketpair hello:nobody.example.org alert -- "$SNIROUTE" -r routes 2>>sniroute.log)" '^alert=112 '
ms=$(($(now_ms) - begin))
[ $ms -lt 4000 ] || fail "four look-ups took $ms ms"
