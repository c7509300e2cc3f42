#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --clients: the file is changed by somebody else right after it was written, before all is synced to disk; that
# is noticed, too. What closing it changes is not somebody else's.
. "${0%/*}/lib.sh"

slow_folders
mkdir run
export LD_PRELOAD="$SLOW"
hub --clients run/live --advertise 192.0.2.7:18001
unset LD_PRELOAD
touch slow
tunnel a tls=127.0.0.1:9
is_live() { grep -q "^$ID.tun.test " run/live; }
wait_for 5 is_live || fail "no line"
echo 'evil.test tls=192.0.2.66:443' >run/live
rm slow
wait_for 5 is_live || fail "not written again"
lacks "$(cat run/live)" evil

sleep 1
inode=$(stat -c %i run/live)
sleep 2.5
same "$inode" "$(stat -c %i run/live)" "a file nobody has changed"
