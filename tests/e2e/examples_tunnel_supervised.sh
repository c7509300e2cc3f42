#!/bin/sh
# SPDX-License-Identifier: ISC
# The service folders of tunneld and tunnelc, s6's and runit's, supervised: ready, serving, restarted when killed.
. "${0%/*}/lib.sh"
supervised

if [ "$(id -u)" = 0 ]; then user='s,\(setuidgid\|-[ou]\) \(tcproute\|nobody\),\1 nobody,' owner=nobody
else user='s,s6-setuidgid [a-z]*,,; s,chpst -u [a-z]*,,; s,-[ou] [a-z]*,,' owner=$(id -un)
fi
PATH=$ROOT/$BUILD/bin:$PATH
web site
SITE=$READY

# adapt FOLDER KIND TOOL: the files of an example to this directory, in a folder of its own
adapt() {
	cp -R "$ROOT/examples/$2/$3" "$1/$3"
	mkdir -p "logs.$2/$3"
	chown "$owner" "logs.$2/$3"
	for file in "$1/$3/run" "$1/$3/log/run" "$1/$3/check"; do
		[ -e "$file" ] || continue
		sed "s,/var/log/,$T/logs.$2/,; s,/etc/tcproute,$T,g; s,/run/tunneld,$T/run.$2,g; s,-l :18000,-l 127.0.0.1:0,
		    s,tun.example.com:18000,${SERVER:-},; s,127.0.0.1:8080,$SITE,; $user" "$file" >new && cat new >"$file"
	done
}
bound() { SERVER=$(sed -n 's/.*ready on \([^ ]*\).*/\1/p' "logs.$1/tunneld/current" | tail -n 1) && [ "$SERVER" ]; }
through() { curl -s --unix-socket "$T/front" "http://$ID.tun.example.com/hello" | grep -q hello; }

server_id=$(key tunneld.key)
ID=$(key tunnelc.key)
echo "$ID" >tunneld.authorized
chown "$owner" tunnelc.key	# not that of tunneld, which reads it as root

# ---- s6 ----

mkdir scan
adapt scan s6 tunneld
spawn svscan s6-svscan "$T/scan"
up() { s6-svstat -u "scan/$1" | grep -qx true && s6-svstat -o ready "scan/$1" | grep -qx true; }
wait_for 10 up tunneld || fail "tunneld is not ready: $(cat logs.s6/tunneld/current)"
wait_for 5 bound s6 || fail "tunneld has no log"
echo "$SERVER $server_id" >known_servers
adapt scan s6 tunnelc
s6-svscanctl -a scan
wait_for 10 up tunnelc || fail "tunnelc is not ready: $(cat logs.s6/tunnelc/current)"

same 700 "$(stat -c %a run.s6)"
echo "*.tun.example.com http=unix:$T/run.s6/visitors proxy=v2" >routes
front -l "unix:$T/front" -r routes
through || fail "no way through: $(cat logs.s6/*/current)"
has "$(curl -s --unix-socket "$T/run.s6/metrics" http://localhost/metrics)" '^tunneld_sessions 1$'

before=$(s6-svstat -o pid scan/tunnelc)
s6-svc -k scan/tunnelc
other_pid() { [ "$(s6-svstat -o pid scan/tunnelc)" != "$before" ] && up tunnelc; }
wait_for 10 other_pid || fail "tunnelc is not restarted"
wait_for 5 through || fail "no way through the second time"

# A malformed file is final at the next start.
echo "$ID of mine" >tunneld.authorized
s6-svc -r scan/tunneld
down() { s6-svstat -o up,wantedup scan/tunneld | grep -qx 'false false'; }
wait_for 10 down || fail "restarted in vain: $(s6-svstat scan/tunneld)"
same 100 "$(s6-svstat -o exitcode scan/tunneld)"
kill "$(pid_of svscan)"
ends svscan 0 10
stop httpredir

# ---- runit ----

command -v runsv >/dev/null || exit 0
echo "$ID" >tunneld.authorized
mkdir sv
adapt sv runit tunneld
spawn runsv.tunneld runsv "$T/sv/tunneld"
wait_for 10 bound runit || fail "tunneld has no log"
echo "$SERVER $server_id" >known_servers
adapt sv runit tunnelc
spawn runsv.tunnelc runsv "$T/sv/tunnelc"
checked() { sv check ./sv/tunnelc | grep -q '^ok: '; }
wait_for 10 checked || fail "tunnelc is not up: $(cat logs.runit/tunnelc/current)"
sed "s,run.s6,run.runit," routes >new && mv new routes
front -l "unix:$T/front" -r routes
through || fail "no way through under runit"
for tool in tunnelc tunneld; do
	kill "$(pid_of runsv.$tool)"
	ends runsv.$tool 0 10
done
exits 111 sv/tunnelc/check		# asked over and over, it leaves the reason to the log
same '' "$(cat out err)"
! pgrep -f "$T/tunneld.key" || fail "still running"
