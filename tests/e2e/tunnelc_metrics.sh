#!/bin/sh
# SPDX-License-Identifier: ISC
# What /metrics tells, and that the manual tells of it.
. "${0%/*}/lib.sh"

backend echo echo && ECHO=$READY
hub
tunnel c "tcp=$ECHO" -m "unix:$T/metrics"
failed_dials() { page | grep -qE '^tunnelc_failed_dials_total [1-9]'; }
page() { curl -sS --unix-socket metrics http://x/metrics; }
sed -n '/^\.Sh METRICS/,/^\.El/s/^\.It Li //p' "$ROOT/tunnelc/tunnelc.8" | grep -o 'tunnelc_[a-z_]*' | sort >told
same "$(page | sed -n 's/^\([a-z_]*\)[{ ].*/\1/p' | sort -u)" "$(cat told)"

has "$(page)" '^tunnelc_up 1$'
has "$(page)" '^tunnelc_sessions_total 1$'
same "got=hello end=eof" "$(visit "$ID.tun.test,kind=tcp" send:hello shut read)"
visit "$ID.tun.test,kind=tls" send:hello shut read >out
logged 'end=no-route' c
has "$(page)" '^tunnelc_visitors 0$'
has "$(page)" '^tunnelc_visitors_total\{result="served"\} 1$'
has "$(page)" '^tunnelc_visitors_total\{result="refused"\} 1$'
has "$(page)" '^tunnelc_sent_bytes_total 5$'
visit "$ID.tun.test,kind=tcp" send:x recv:1 touch:there wait:go shut read >out &
visitor=$!
wait_for 5 test -e there
has "$(page)" '^tunnelc_visitors 1$'
touch go
wait $visitor
logged_times 3 'conn=' c
has "$(page)" '^tunnelc_visitors 0$'
stop tunneld
logged 'link=down' c
has "$(page)" '^tunnelc_up 0$'
wait_for 10 failed_dials || fail "failed dials are not counted"
