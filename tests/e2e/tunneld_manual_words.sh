#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld's manual tells every series of the metrics, every word of ends and every method of HTTP, and no other; tunnel(7) shows
# what clients are told.
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

# What a visitor of kind http may begin with.
methods() { grep -oE '[A-Z][A-Z-]+' | sort; }
known=$(sed -n '/ methods\[\] = {/,/};/p' "$ROOT/lib/kind.c" | methods)
for page in "$manual" "$ROOT/lib/tunnel.7"; do
	same "$known" "$(sed -n '/^GET, HEAD/,/^PRI/p' "$page" | methods)" "methods in $page"
done

# Errors, word for word. Their texts begin with the id, here that of another key.
stop tunneld
openssl req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=t -keyout a.key -out a.key.crt 2>/dev/null
ID=$("$TUNNELC" -i a.key --id)
shown() { # CODE: the text of it in the manual
	sed -n '/^.Ss Other messages/,/^.Sh/p' "$ROOT/lib/tunnel.7" | sed -n '/^.Bd/,/^.Ed/p' | sed '/^\./d' | tr -d '\n' |
	    grep -oE "\"code\":\"$1\",\"text\":\"[^\"]*" | sed 's/.*"//;s/^[a-z2-7]*: //'
}
told() { timeout 20 python3 -SE "$TESTS/tunnel.py" client "$TUNNEL" a.key "$@" | sed -n "s/^error code=.* text=$ID: //p"; }
echo '# nobody' >auth
hub -a auth
same "$(shown unauthorised) after_ms=0" "$(told hello get)"
echo "$ID" >auth
logged 'authorized: auth: read, 1 client' tunneld
spawn one python3 -SE "$TESTS/tunnel.py" client "$TUNNEL" a.key hello get sleep:20
wait_for 5 grep -q ^welcome one.log || fail "not welcome"
same "$(shown limit) after_ms=60000" "$(told 'hello:{"instance":"11111111111111111111111111111111"}' get)"
