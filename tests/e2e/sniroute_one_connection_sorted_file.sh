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
# Processor time, which a busy machine does not change much: $timed, for sh -c, leaves it in a file, spent_ms tells it.
timed='"$@" && code=0 || code=$?; times >times; exit $code'
spent_ms() { sed -n '2s/[ms]/ /gp' times | awk '{ print int(($1 * 60 + $2 + $3 * 60 + $4) * 1000) }'; }
one() { peer one socketpair "$@" -- sh -c "$timed" sh "$SNIROUTE" -r routes 2>>sniroute.log; }

exits 0 sh -c "$timed" sh "$SNIROUTE" -r routes -c
whole=$(spent_ms) parts=0
for n in 00000001 00500000 01000000; do
	has "$(one hello:h$n.example.org shut read)" '^got=a end=eof$'
	parts=$((parts + $(spent_ms)))
done
has "$(one hello:nobody.example.org alert)" '^alert=112 '
parts=$((parts + $(spent_ms)))
[ $parts -lt "$whole" ] || fail "four look-ups took $parts ms, all of the file $whole ms"
