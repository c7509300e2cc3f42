#!/bin/sh
# SPDX-License-Identifier: ISC
# A thousand idle visitors, who have had traffic, cost half a kibibyte each at most.
. "${0%/*}/lib.sh"

sanitized && skip "the sanitizer keeps freed memory"
backend back until:abc data:64k echo && BACK=$READY
hub
tunnel c "tcp=$BACK"
who=visitor:$ID.tun.test,kind=tcp,src=192.0.2.7:1234
for _ in 1 2 3; do client "unix:$T/visitors" "$who" send:abc skip:65536 shut read >out; done
before=$(rss_kb "$(pid_of c)")

start_peer herd herd 1000 stop "unix:$T/visitors" "$who" send:abc skip:65536
sleep 0.5
[ "$(ls "/proc/$(pid_of c)/fd" | wc -l)" -gt 1000 ] || fail "1000 visitors are not there"
grew=$(($(rss_kb "$(pid_of c)") - before))
[ $grew -le 512 ] || fail "$grew KB for 1000 idle visitors"
echo "$grew KB"
touch stop
ends herd 0 20
logged_times 1003 'name=.* tx=65536 .*end=closed$' c
