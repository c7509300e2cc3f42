#!/bin/sh
# SPDX-License-Identifier: ISC
# When the first process is killed its workers end by themselves and leave the port free.
. "${0%/*}/lib.sh"

named a
serve -l 127.0.0.1:0 -t "$READY" -j 2
pids=$(pgrep -P "$(pid_of sniroute)")
pid=$(pid_of sniroute)
forget sniroute
kill -9 "$pid"
for p in $pids; do wait_for 5 gone "$p" || { kill -9 $pids; fail "worker $p lives on"; }; done
closed() { [ "$(client "$ADDR")" = connect=ConnectionRefusedError ]; }
wait_for 3 closed || fail "the port is still taken"
