#!/bin/sh
# SPDX-License-Identifier: ISC
# A tunnelc that stops leaves its metrics address, which another process had at its start, to those that come after it.
. "${0%/*}/lib.sh"

backend stays send:hi read && STAYS=$READY
hub
METRICS=127.0.0.1:$(free_port)
start_peer holder server "$METRICS" read
tunnel c "tcp=$STAYS" -m "$METRICS"
logged "warn: --metrics $METRICS: Address already in use; trying again\$" c
spawn_peer visitor client "unix:$T/visitors" "visitor:$ID.tun.test,kind=tcp" until:hi touch:here wait:go shut read
wait_for 5 test -e here || fail "no visitor"
signal c TERM
logged 'stopping: 1 visitor has 30 s to finish' c
stop holder
sleep 2
logged_times 0 'metrics on' c
touch go
ends visitor 0
ends c 0
