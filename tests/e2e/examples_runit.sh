#!/bin/sh
# SPDX-License-Identifier: ISC
# The runit service folder, supervised: serves, reloads on HUP, logs, restarts, but not after exit code 100.
. "${0%/*}/lib.sh"
supervised

command -v runsv >/dev/null || skip "no runit"
named a
mkdir run
cp -R "$ROOT/examples/runit/sniroute" .
adapt() { sed "s,:443,127.0.0.1:0,; s,/etc/tcproute,$T,; s,/run/,$T/run/,; s,/var/log/,$T/logs/,; $user" "$1" >new && cat new >"$1"; }
if [ "$(id -u)" = 0 ]; then
	user='s,-\([ou]\) tcproute,-\1 nobody,'
else
	user='s,-[ou] tcproute,,; s,chpst -u nobody,,; s,-o nobody,,'
fi
adapt sniroute/run
adapt sniroute/log/run
echo "www.example.org tls=$READY" >routes
PATH=$ROOT/$BUILD/bin:$PATH spawn runsv runsv "$T/sniroute"
log=logs/sniroute/current

bound() { ADDR=$(sed -n 's/.*ready on \([^ ]*\).*/\1/p' $log | tail -n 1) && [ "$ADDR" ]; }
wait_for 10 bound || fail "no log"
answers www.example.org a || fail "not served"
in_log() { grep -qE "^[0-9_:.-]+ sniroute: $1" $log; }
wait_for 5 in_log 'info: conn=1 ' || fail "no log with time stamps"

echo "mail.example.org tls=$(addr_of a)" >routes
sv hup ./sniroute >/dev/null
wait_for 2 answers mail.example.org a || fail "not read again"

echo "mail.example.org" >routes
wait_for 5 in_log 'error: routes: .*:1: ' || fail "the bad line is not named"
sv term ./sniroute >/dev/null
down() { sv status ./sniroute | grep -qE '^down: [^;]*, normally up;'; }	# and not "want up"
wait_for 10 down || fail "restarted in vain: $(sv status ./sniroute)"

kill "$(pid_of runsv)"
ends runsv 0 10
! pgrep -f "$T/routes" || fail "still running"
