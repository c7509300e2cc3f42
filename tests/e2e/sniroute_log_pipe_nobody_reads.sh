#!/bin/sh
# SPDX-License-Identifier: ISC
# When nobody reads standard error the service goes on, and what was dropped is counted when there is room again.
. "${0%/*}/lib.sh"

named a
mkfifo pipe
exec 8<>pipe

for workers in 1 3; do
	start sniroute sh -c 'exec "$@" 2>&8' sh "$SNIROUTE" -n 9 -v -l 127.0.0.1:0 -t "$(addr_of a)" -j $workers
	for i in 1 2 3 4 5 6 7 8; do
		same "100 x got=a end=eof" "$(peer crowd 100 "$READY" shut read)" "round $i with $workers workers"
	done
	python3 -SEc 'import select, sys; sys.exit(bool(select.select([], [8], [], 0)[1]))' || fail "the pipe is not full"
	timeout 1 cat <&8 >first || :
	lacks "$(grep -v '^sniroute: [a-z]*: ' first)" .
	same "20 x got=a end=eof" "$(peer crowd 20 "$READY" shut read)"
	timeout 1 cat <&8 >second || :
	has "$(cat first second)" 'warn: .* [0-9]+ lines dropped'
	stop sniroute
	timeout 0.3 cat <&8 >/dev/null || :
done
