#!/bin/sh
# SPDX-License-Identifier: ISC
# A worker that is started while somebody asks for the metrics has nothing of that connection: its end is the client's end.
. "${0%/*}/lib.sh"

serve -l 127.0.0.1:0 -t 127.0.0.1:9 -j 2 -m "unix:$T/metrics"
workers() { pgrep -P "$(pid_of sniroute)" | tr '\n' ' '; }
two() { [ "$(workers | wc -w)" = 2 ]; }
wait_for 5 two || fail "workers: $(workers)"

before=$(fds sniroute)
spawn_peer scraper client "unix:$T/metrics" wait:replaced timeout:3 data:5k read
accepted() { ! fds_now "$before" sniroute; }
wait_for 5 accepted || fail "the scraper was not let in"
first=$(workers)
kill -9 "${first%% *}"
replaced() { two && [ "$(workers)" != "$first" ]; }
wait_for 5 replaced || fail "not replaced: $(workers)"
touch replaced		# more than a request may have: the connection is closed
wait_for 5 grep -q end= scraper.log || fail "no end"
has "$(cat scraper.log)" 'end=(eof|reset)$'
