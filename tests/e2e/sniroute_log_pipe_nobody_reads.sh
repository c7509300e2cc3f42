#!/bin/sh
# SPDX-License-Identifier: ISC
# When nobody reads standard error the service goes on, and what was dropped is counted when there is room again.
. "${0%/*}/lib.sh"

named a
mkfifo pipe
exec 8<>pipe
start sniroute sh -c 'exec "$@" 2>&8' sh "$SNIROUTE" -n 9 -v -l 127.0.0.1:0 -t "$READY"
ADDR=$READY

for i in 1 2 3 4 5 6 7 8; do
	same "100 x got=a end=eof" "$(peer crowd 100 "$ADDR" shut read)" "round $i"
done
timeout 1 cat <&8 >first || :
[ "$(wc -c <first)" -ge 60000 ] || fail "the pipe was not full"
lacks "$(tail -n +2 first | grep -v '^sniroute: ')" .
same "1 x got=a end=eof" "$(peer crowd 1 "$ADDR" shut read)"
timeout 1 cat <&8 >second || :
has "$(cat second)" '(dropped|lost).*[0-9]|[0-9].*(dropped|lost)'
