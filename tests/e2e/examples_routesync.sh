#!/bin/sh
# SPDX-License-Identifier: ISC
# routesync's service folders of s6 and runit, supervised, and its systemd unit.
. "${0%/*}/lib.sh"
supervised

redis
put a tls=10.0.0.1:443
echo unused >redis.password
chmod 600 redis.password
r config set requirepass unused
mkdir scan lib
[ "$(id -u)" != 0 ] || { chown nobody redis.password lib; chmod 777 redis.sock; }
adapt() {
	sed "s,/var/lib/tcproute,$T/lib,g; s,/etc/tcproute/redis,$T/redis.password,; s,redis://127.0.0.1,-i 0.2 $STORE,
	    s,/var/log/,$T/${2:-}/,; s,-o tcproute ,,; $user" "$1" >new && cat new >"$1"
}
if [ "$(id -u)" = 0 ]; then user='s,\(setuidgid\|-u\) tcproute,\1 nobody,'
else user='s,s6-setuidgid [a-z]*,,; s,chpst -u [a-z]*,,; s,-o nobody,,'
fi
PATH=$ROOT/$BUILD/bin:$PATH

cp -R "$ROOT/examples/s6/routesync" scan/
adapt scan/routesync/run
adapt scan/routesync/log/run logs
spawn svscan s6-svscan "$T/scan"
up() { s6-svstat -u scan/routesync | grep -qx true && s6-svstat -o ready scan/routesync | grep -qx true; }
wait_for 10 up || fail "not ready"
wait_for 5 grep -q '^a ' lib/routes || fail "no routes"
wait_for 5 grep -q 'store=good' logs/routesync/current || fail "no log"
kill "$(pid_of svscan)"
ends svscan 0 10

if command -v runsv >/dev/null; then
	rm lib/routes
	cp -R "$ROOT/examples/runit/routesync" .
	adapt routesync/run
	adapt routesync/log/run logs2
	spawn runsv runsv "$T/routesync"
	wait_for 10 grep -q '^a ' lib/routes || fail "no routes under runit"
	kill "$(pid_of runsv)"
	ends runsv 0 10
fi

command -v systemd-analyze >/dev/null || exit 0
sed "s,/usr/local/bin/routesync,$ROUTESYNC," "$ROOT/examples/systemd/routesync.service" >routesync.service
exits 0 systemd-analyze verify --man=no ./routesync.service
same "" "$(cat err)"
sed -n 's,^ExecStart=,,p' routesync.service | sed "s,/var/lib/tcproute,$T/lib,; s,%d/redis,$T/redis.password,
    s,/run/routesync,$T,; s,redis://127.0.0.1,--once $STORE," >command
exits 0 sh command
