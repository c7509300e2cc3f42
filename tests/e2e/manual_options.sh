#!/bin/sh
# SPDX-License-Identifier: ISC
# -h and the manual say the same: the ways to start a tool, its options with the names of their values, and the defaults.
. "${0%/*}/lib.sh"

# The two write "FILE..." with and without a blank.
for tool in sniroute httpredir routesync tunneld tunnelc; do
	mandoc -T ascii -O width=1000 "$ROOT/$tool/$tool.8" | col -b |
		sed -n '/^SYNOPSIS/,/^DESCRIPTION/s/^ *\([^ ]* .*\)/\1/p' | sed 's/ \.\.\./.../g' >in_manual
	"$ROOT/$BUILD/bin/$tool" -h | sed -n '/^$/q; s/^usage: //; s/^ *//; s/ \.\.\./.../g; p' >in_help
	same "$(cat in_manual)" "$(cat in_help)" "ways to start $tool"
done

for tool in sniroute httpredir routesync tunneld tunnelc; do
manual=$ROOT/$tool/$tool.8
# ".It Fl l , Fl -listen Ar ADDR" as "-l, --listen ADDR"
awk '/^\.It Fl / {
	out = ""
	glue = 1
	for (i = 2; i <= NF; i++) {
		if ($i == "Ns") glue = 1
		else if ($i == "Ar") continue
		else if ($i == "Oo" || $i == "Op") { out = out "["; glue = 1; open += 1 }
		else if ($i == "Oc") { out = out "]"; open -= 1 }
		else {
			word = $i
			if (word == "Fl") word = "-" $(++i)
			out = out (glue || word == "," ? "" : " ") word
			glue = 0
		}
	}
	while (open > 0) { out = out "]"; open -= 1 }
	print out
}' "$manual" | sort >in_manual
"$ROOT/$BUILD/bin/$tool" -h >help
sed -nE 's/^ +((-., )?--[a-z-]+(\[=[^ ]*\]| [A-Z0-9][^ ]*)?) .*/\1/p' help | sort >in_help

same "$(sed '1,/^$/d' help | wc -l)" "$(wc -l <in_help)" "lines of $tool -h"
same "$(cat in_help)" "$(cat in_manual)" "options of $tool"

# "(5)" at the end of a line of -h is "Default: 5." in the manual.
sed -nE 's/.*(--[a-z-]+).*\(([0-9]+)\)$/\1 \2/p' help >defaults
[ "$(wc -l <defaults)" -ge 3 ] || fail "no defaults found"
while read -r option value; do
	has "$(awk -v o="Fl -${option#--}" '/^\.It Fl / { on = index($0 " ", o " ") } on' "$manual")" "^Default: $value[.;]"
done <defaults
done
