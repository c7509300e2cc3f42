#!/bin/sh
# SPDX-License-Identifier: ISC
# The s6 service folder, supervised: ready when bound, reloads on HUP, logs, restarts, but not after exit code 100.
. "${0%/*}/lib.sh"
supervised

named a
mkdir scan run
cp -R "$ROOT/examples/s6/sniroute" scan/
adapt() { sed "s,:443,127.0.0.1:0,; s,/etc/tcproute,$T,; s,/run/,$T/run/,; s,/var/log/,$T/logs/,; $user" "$1" >new && cat new >"$1"; }
if [ "$(id -u)" = 0 ]; then
	user='s,-\([ou]\) tcproute,-\1 nobody,'
else
	user='s,-[ou] tcproute,,; s,s6-setuidgid nobody,,; s,-o nobody,,'
fi
adapt scan/sniroute/run
adapt scan/sniroute/log/run
echo "www.example.org tls=$READY" >routes
PATH=$ROOT/$BUILD/bin:$PATH spawn svscan s6-svscan "$T/scan"
s=scan/sniroute log=logs/sniroute/current

up() { s6-svstat -u "$s" | grep -qx true && s6-svstat -o ready "$s" | grep -qx true; }
wait_for 10 up || fail "not ready"
bound() { ADDR=$(sed -n 's/.*ready on \([^ ]*\).*/\1/p' $log | tail -n 1) && [ "$ADDR" ]; }
wait_for 5 bound || fail "no log"
answers www.example.org a || fail "not served"
has "$(curl -s --unix-socket "$T/run/sniroute/metrics" http://localhost/metrics)" '^sniroute_accepted_total 1$'
in_log() { grep -qE "^@[0-9a-f]{24} sniroute: $1" $log; }
wait_for 5 in_log 'info: conn=1 ' || fail "no log with time stamps"

echo "mail.example.org tls=$(addr_of a)" >routes
s6-svc -h "$s"
wait_for 2 answers mail.example.org a || fail "not read again"

# Killed: up again. A file with errors: read again never, and at the next start exit code 100, which is final.
before=$(s6-svstat -o pid "$s")
s6-svc -k "$s"
other_pid() { [ "$(s6-svstat -o pid "$s")" != "$before" ] && up; }
wait_for 10 other_pid || fail "not restarted"
echo "mail.example.org" >routes
wait_for 5 in_log 'error: routes: .*:1: ' || fail "the bad line is not named"
s6-svc -r "$s"
down() { s6-svstat -o up,wantedup "$s" | grep -qx 'false false'; }
wait_for 10 down || fail "restarted in vain: $(s6-svstat "$s")"
same 100 "$(s6-svstat -o exitcode "$s")"

kill "$(pid_of svscan)"
ends svscan 0 10
! pgrep -f "$T/routes" || fail "still running"
