#!/bin/sh
# SPDX-License-Identifier: ISC
# An answer to an unfinished upload arrives whole, and the connection ends behind it.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
head -c 30000000 /dev/zero >body
for i in 1 2 3 4 5; do
	answer=$(get /early -T body -H 'Expect:' 2>err || :)
	has "$answer" '^HTTP/1.1 413 '
	has "$answer" '^too much$'
done
has "$(get /body -d x)" 'bytes=1 '
