#!/bin/sh
# SPDX-License-Identifier: ISC
# Services that do not read: their visitors wait, others do not; tunnelc's memory is bounded, and beyond that the
# largest are cut.
. "${0%/*}/lib.sh"

start_peer mute server "unix:$T/mute" wait:over
backend drinks sum && DRINKS=$READY
hub -m "unix:$T/metrics"
tunnel c "tcp=unix:$T/mute" "tls=$DRINKS"
NAME=$ID.tun.test
rss_d=$(rss_kb "$(pid_of tunneld)")
rss_c=$(rss_kb "$(pid_of c)")
bounded() {
	sanitized || [ $(($(rss_kb "$1") - $2)) -lt $((28 * 1024)) ] || fail "$(($(rss_kb "$1") - $2)) KB more memory"
}
# upload: 32 MiB arrive
uploads=0
upload() {
	visit "$NAME,kind=tls" data:32m shut read >upload.out
	uploads=$((uploads + 1))
	logged_times $uploads '^[0-9]+ bytes=33554432 .* end=eof$' drinks
	same 1 "$(cat upload.out drinks.log | grep -o 'sha=[0-9a-f]*' | sort -u | wc -l)" "kinds of bytes that arrived"
}

spawn_peer stalled crowd 20 "unix:$T/visitors" "visitor:$NAME,kind=tcp" push:1 wait:over
metric_is 20 tunneld_visitors
upload
not_logged 'end=limit' c
bounded "$(pid_of c)" "$rss_c"

spawn_peer more crowd 100 "unix:$T/visitors" "visitor:$NAME,kind=tcp" push:1 wait:over
wait_for 20 has_lines 1 'route=tcp .* end=limit$' c || fail "nobody was cut"
upload
bounded "$(pid_of tunneld)" "$rss_d"
bounded "$(pid_of c)" "$rss_c"
same 1 "$(count 'link=' c)" "the session lives on"
wait_for 5 this_often "$(count 'end=limit$' c)" 'end=target-reset$' tunneld ||
    fail "the cut are not reset at the other end"
touch over
ends stalled 0
ends more 0
metric_is 0 tunneld_visitors
fds_back 16 tunneld
fds_back 16 c
