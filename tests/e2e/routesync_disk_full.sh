#!/bin/sh
# SPDX-License-Identifier: ISC
# A full disk and a read-only one leave the last good file and nothing beside it, are logged once, and are tried again.
. "${0%/*}/lib.sh"

own_network
mkdir disk
mount -t tmpfs -o size=64k tmpfs disk || skip "no right to mount"
redis
put a tls=10.0.0.1:443
start sync "$ROUTESYNC" -n 9 -o disk/routes -i 0.1 -m "unix:$T/metrics" "$STORE"
same "$(lines 'a tls=10.0.0.1:443')" "$(cat disk/routes)"

head -c 55000 /dev/zero >disk/filler
many 1000
logged 'disk/routes cannot be written.*No space' sync
sleep 2.5
same 1 "$(count 'cannot be written' sync)" "log lines"
same "$(lines 'a tls=10.0.0.1:443')" "$(cat disk/routes)" "file on a full disk"
same 'filler routes' "$(ls -A disk | xargs)" "files"
has "$(curl -s --unix-socket metrics http://x/metrics)" 'routesync_writes_total\{result="failed"\} [1-9]'
rm disk/filler
logged 'disk/routes can be written again' sync
same 1001 "$(grep -c = disk/routes)" "routes"

mount -o remount,ro disk
put b tls=10.0.0.2:443
logged 'cannot be written.*Read-only' sync
mount -o remount,rw disk
wait_for 5 grep -q '^b ' disk/routes || fail "not written when it could be"
same 2 "$(count 'can be written again' sync)" "log lines"

cp disk/routes want
failed() { curl -s --unix-socket metrics http://x/metrics | sed -n 's/^routesync_writes_total{result="failed"} //p'; }
before=$(failed)
head -c 70000 /dev/zero >disk/filler 2>/dev/null || true
signal sync STOP	# it is not to write in the room of a moment
rm disk/routes
head -c 70000 /dev/zero >>disk/filler 2>/dev/null || true
signal sync CONT
more_failed() { [ "$(failed)" -ge $((before + 5)) ]; }
wait_for 10 more_failed || fail "it was not tried again"
logged_times 1 'was changed by somebody else' sync
logged_times 3 'cannot be written' sync
rm disk/filler
wait_for 5 cmp -s want disk/routes || fail "not written when it could be"
umount -l disk
