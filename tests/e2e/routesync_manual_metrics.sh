#!/bin/sh
# SPDX-License-Identifier: ISC
# routesync's manual tells every series of its metrics, and no other.
. "${0%/*}/lib.sh"

spawn_sync -m "unix:$T/metrics" "redis+unix://$T/none"
wait_for 5 test -S metrics || fail "no metrics"
curl -sS --unix-socket metrics http://x/metrics | sed -n 's/^\([a-z_]*\)[{ ].*/\1/p' | sort -u >served
awk '$0 == ".Sh METRICS" { on = 1 } on && /^\.El/ { exit } on && /^\.It / { print $2 }' "$ROOT/routesync/routesync.8" | sort >told
same "$(cat served)" "$(cat told)"
