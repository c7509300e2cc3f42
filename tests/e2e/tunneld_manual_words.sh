#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld's manual tells every series of the metrics and every word of ends, and no other.
. "${0%/*}/lib.sh"

key server.key >/dev/null
start tunneld "$TUNNELD" -n 9 -l 127.0.0.1:0 -i server.key --domain tun.test --visitors "unix:$T/visitors" --open \
    -m "unix:$T/metrics"
curl -sS --unix-socket "$T/metrics" http://localhost/metrics | grep -v '^#' >page
manual=$ROOT/tunneld/tunneld.8
# items LINE: the words that the list behind that line of the manual is about
items() {
	awk -v from="$1" '$0 == from { on = 1 } on && /^\.El/ { exit }
	    on && /^\.It / { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z_-][a-z_-]+$/) print $i }' "$manual" | sort
}
same "$(sed 's/[{ ].*//' page | sort -u)" "$(items '.Sh METRICS')"
# Nothing is handed on from here.
same "$(sed -n 's/^tunneld_connections_total{end="\([a-z-]*\)".*/\1/p' page | grep -v passed | sort)" "$(items 'How it ended:')"
