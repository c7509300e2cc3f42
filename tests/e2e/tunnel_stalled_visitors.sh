#!/bin/sh
# SPDX-License-Identifier: ISC
# Visitors that do not read slow down nobody else; their memory is bounded, and when there are too many the largest
# are cut.
. "${0%/*}/lib.sh"

backend big data:64m shut && BIG=$READY
named web && WEB=$READY
hub -m "unix:$T/metrics"
tunnel c "tcp=$BIG" "tls=$WEB"
NAME=$ID.tun.test
rss_d=$(rss_kb "$(pid_of tunneld)")
rss_c=$(rss_kb "$(pid_of c)")
# download: 64 MiB arrive, in $MS
download() {
	local begin; begin=$(now_ms)
	has "$(visit "$NAME,kind=tcp" sum)" '^bytes=67108864 .* end=eof$'
	MS=$(($(now_ms) - begin))
}
# bounded PID BEFORE: it has grown by what a session may keep, 16 MiB, and not by much more
bounded() {
	sanitized || [ $(($(rss_kb "$1") - $2)) -lt $((28 * 1024)) ] || fail "$(($(rss_kb "$1") - $2)) KB more memory"
}

download
alone=$MS
start_peer stalled herd 20 over "unix:$T/visitors" "visitor:$NAME,kind=tcp"
metric_is 20 tunneld_visitors
download
[ "$MS" -lt $((alone * 3 + 2000)) ] || fail "$MS ms beside stalled visitors, $alone ms alone"
not_logged 'end=limit' tunneld
bounded "$(pid_of tunneld)" "$rss_d"
bounded "$(pid_of c)" "$rss_c"

# A hundred more: together they would be due 30 MiB, and 16 is what a session keeps.
start_peer more herd 100 over "unix:$T/visitors" "visitor:$NAME,kind=tcp"
wait_for 20 has_lines 1 'end=limit' tunneld || fail "nobody was cut"
download
same "got=web end=eof" "$(visit "$NAME,kind=tls" shut read)"
cut=$(count 'rx=0 tx=[0-9]+ .* end=limit$' tunneld)
[ "$cut" -le 100 ] || fail "$cut cut"
metric_is $((120 - $(count 'end=limit$' tunneld))) tunneld_visitors
bounded "$(pid_of tunneld)" "$rss_d"
bounded "$(pid_of c)" "$rss_c"
same 1 "$(count 'link=' c)" "the session lives on"
# calm: half a second costs next to no processor time
calm() {
	local cpu; cpu=$(($(cpu_ms "$(pid_of tunneld)") + $(cpu_ms "$(pid_of c)")))
	sleep 0.5
	[ $(($(cpu_ms "$(pid_of tunneld)") + $(cpu_ms "$(pid_of c)") - cpu)) -lt 150 ]
}
wait_for 10 calm || fail "stalled visitors cost processor time"

# They go: nothing is left of them.
touch over
metric_is 0 tunneld_visitors
fds_back 16 tunneld
fds_back 16 c
