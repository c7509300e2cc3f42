#!/bin/sh
# SPDX-License-Identifier: ISC
# A failover by redis-sentinel: the promoted replica is followed, the file stays meanwhile. A sentinel that missed it, and
# names the old master, is not the last one asked.
. "${0%/*}/lib.sh"

command -v redis-sentinel >/dev/null || skip "no redis-sentinel here"
A=$(free_port) B=$(free_port) S1=$(free_port) S2=$(free_port) S3=$(free_port)
server() { redis "$1" --port "$2" --bind 127.0.0.1 --repl-diskless-sync-delay 0; }
server redis "$A"
server replica "$B"
redis-cli -s replica.sock replicaof 127.0.0.1 "$A" >/dev/null
many 50
sentinel() {
	cat >"sentinel$1.conf" <<-END
	port $1
	bind 127.0.0.1
	dir $T
	sentinel monitor fleet 127.0.0.1 $A 2
	sentinel down-after-milliseconds fleet 700
	sentinel failover-timeout fleet 3000
	END
	spawn "sentinel$1" redis-sentinel "$T/sentinel$1.conf"
}
sentinel "$S1"
sentinel "$S2"
knows_all() {
	[ "$(redis-cli -p "$1" sentinel replicas fleet 2>/dev/null | grep -c '^name$')" = 1 ] &&
	[ "$(redis-cli -p "$1" sentinel sentinels fleet 2>/dev/null | grep -c '^name$')" = 1 ]
}
for s in "$S1" "$S2"; do wait_for 15 knows_all "$s" || fail "the sentinels do not find each other"; done
wait_for 5 sh -c 'redis-cli -s replica.sock info replication | grep -q master_link_status:up' || fail "no replica"

spawn_sync -i 0.2 "redis+sentinel://127.0.0.1:1,127.0.0.1:$S1,127.0.0.1:$S2/fleet"
routes_count 50
exits 111 "$ROUTESYNC" "redis+sentinel://127.0.0.1:$S1/nobody"
kill -9 "$(pid_of redis)"
forget "$(pid_of redis)"
logged 'store=unreachable' sync
promoted() { redis-cli -s replica.sock role | grep -qx master; }
wait_for 20 promoted || fail "the sentinels did not promote the replica"
redis-cli -s replica.sock set /tcprouter/service/new tls=10.0.0.1:443 >/dev/null
wait_for 10 grep -q '^new ' routes || fail "the new master is not followed"
routes_count 51
logged_times 2 'store=good' sync
logged_times 1 'store=unreachable' sync

sentinel "$S3"
names_old() { redis-cli -p "$S3" sentinel get-master-addr-by-name fleet 2>/dev/null | grep -qx "$A"; }
wait_for 5 names_old || fail "the sentinel that comes late names another master"
exits 0 "$ROUTESYNC" "redis+sentinel://127.0.0.1:$S3,127.0.0.1:$S1/fleet"
has "$(cat out)" '^new tls='
exits 111 "$ROUTESYNC" "redis+sentinel://127.0.0.1:$S3,localhost:$S3/fleet"
has "$(cat err)" "why=\"the sentinels name 127\.0\.0\.1:$A, which was tried in vain\""
