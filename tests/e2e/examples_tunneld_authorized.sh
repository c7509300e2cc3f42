#!/bin/sh
# SPDX-License-Identifier: ISC
# The sample authorization file is accepted, every line of it, and does what its comments say.
. "${0%/*}/lib.sh"

key tunneld.key >id
sample=$ROOT/examples/tunneld.authorized
check() { exits "$1" "$TUNNELD" -c -i tunneld.key --domain tun.example.com --visitors "unix:$T/v" -a "$2"; }
check 0 "$sample"
same "" "$(cat out err)"
lines=$(grep -cE '^[^#]' "$sample")
[ "$lines" -ge 5 ] || fail "only $lines lines"

# One field wrong, and the line is named: none of them is decoration.
grep -oE '(names|sessions|streams|from|expires|secret)=' "$sample" | sort -u >options
same 6 "$(wc -l <options)"
while read -r option; do
	sed "s,${option}[^ ]*,${option}-.," "$sample" >broken
	check 100 broken
	has "$(cat err)" "^broken:[0-9]+: "
done <options
