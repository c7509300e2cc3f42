#!/bin/sh
# SPDX-License-Identifier: ISC
# Workers whose parent was killed say so, finish what is open and end.
. "${0%/*}/lib.sh"

backend held send:x wait:go send:y shut read
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes -j 2
workers=$(pgrep -P "$(pid_of sniroute)")
spawn_peer one client "$ADDR" hello:a.example.org recv:1 touch:there recv:1 shut read
wait_for 5 test -e there
killed sniroute
logged_times 2 'warn: the parent is gone: stopping$'
touch go
ends one 0
has "$(paste -sd ' ' one.log)" '^got=x got=y got= end=eof$'
logged 'conn=1 .* end=closed$'
for pid in $workers; do
	wait_for 5 gone "$pid" || fail "worker $pid is still there"
done
