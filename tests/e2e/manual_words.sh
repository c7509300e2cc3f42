#!/bin/sh
# SPDX-License-Identifier: ISC
# The manual tells every series of the metrics and every word of verdicts and ends, and no other.
. "${0%/*}/lib.sh"

echo "* tls=127.0.0.1:1" >routes
serve -l 127.0.0.1:0 -r routes -m "unix:$T/metrics"
curl -sS --unix-socket "$T/metrics" http://localhost/metrics | grep -v '^#' >page
manual=$ROOT/sniroute/sniroute.8
# items LINE: the words that the list behind that line of the manual is about
items() {
	awk -v from="$1" '$0 == from { on = 1 } on && /^\.El/ { exit }
	    on && /^\.It / { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z_-][a-z_-]+$/) print $i }' "$manual" | sort
}
# words NAME: the values of that label
words() { sed -n "s/^$1=\"\([a-z-]*\)\".*/\1/p" page | sort; }

same "$(sed 's/[{ ].*//' page | sort -u)" "$(items '.Sh METRICS')"
same "$(words 'sniroute_hellos_total{verdict')" "$(items '.Ss The hello')"
same "$(words 'sniroute_connections_total{end')" "$(items 'How it ended:')"
