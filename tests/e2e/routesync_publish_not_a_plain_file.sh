#!/bin/sh
# SPDX-License-Identifier: ISC
# What is published comes from a plain file: a pipe, which might keep everything else waiting, is refused at start and later.
. "${0%/*}/lib.sh"

redis
published() { redis-cli -s redis.sock --scan | grep -q "/$1\$"; }
mkfifo live
exits 100 timeout 10 "$ROUTESYNC" -c --publish live "$STORE"
has "$(cat err)" '^live: not a plain file'

spawn pub "$ROUTESYNC" --publish live --ttl 60 "$STORE"
logged 'error: live: not a plain file' pub
logged 'live was refused; what is published stays' pub
logged store=good pub
signal pub USR1
logged_times 1 'status store=up published=0 file=refused' pub
echo 'a tls=10.0.0.1:443' >new
mv new live
wait_for 8 published a || fail "not published when it was a plain file"

mkfifo pipe
mv pipe live
logged_times 2 'live: not a plain file' pub
published a || fail "taken back"
signal pub USR1
logged_times 1 'status store=up published=1 file=refused' pub
signal pub HUP
logged_times 3 'live: not a plain file' pub
rm live
echo 'b tls=10.0.0.2:443' >new
mv new live
wait_for 8 published b || fail "not published when it was a plain file again"
stop pub
