#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld is asked to stop and started anew on its port: transfers finish by the old one, newcomers are served by the
# new one.
. "${0%/*}/lib.sh"

backend halves data:4m wait:go data:4m shut && HALVES=$READY
backend drinks sum && DRINKS=$READY
named web && WEB=$READY
at=127.0.0.1:$(free_port)
hub -l "$at" -g 20
tunnel c "tcp=$HALVES" "tls=$DRINKS" "http=$WEB" -m "unix:$T/metrics"
NAME=$ID.tun.test
base=$(fds c)
spawn_peer down client "unix:$T/visitors" "pass:$NAME,kind=tcp" sum
spawn_peer up client "unix:$T/visitors" "visitor:$NAME,kind=tls" data:4m wait:go data:4m shut read
metric_is 2 tunnelc_visitors
old=$(pid_of tunneld)
signal tunneld TERM
logged 'stopping: 3 connections have 20 s to finish' tunneld
logged "link=draining visitors=2 retry_ms=[0-9]+\$" c
retry_ms=$(sed -n 's/.*link=draining .*retry_ms=//p' c.log)
[ "$retry_ms" -le 1000 ] || fail "told to be back within 1 s, wants to be in $retry_ms ms"
mv tunneld.log old.log
forget tunneld
hub -l "$at" -g 20
wait_for 10 has_lines 2 'link=up' c || fail "not back: $(cat c.log)"
same "got=web end=eof" "$(visit "$NAME,kind=http" shut read)"

touch go
ends down 0 20
has "$(cat down.log)" '^bytes=8388608 .* end=eof$'
ends up 0 20
logged '^1 bytes=8388608 .* end=eof$' drinks
same "$(grep -o 'sha=[0-9a-f]*' down.log)" "$(grep -o 'sha=[0-9a-f]*' drinks.log)" "what arrived"
wait_for 5 gone "$old" || fail "the old one stays"
wait "$old" || fail "it exited with $?"
same 3 "$(count ' end=closed$' old)" "the client's line and its visitors'"
not_logged 'link=down reason="[a-z]' c		# but for a port nobody listens on yet
not_logged 'end=drain' old
same 2 "$(count 'route=(tcp|tls) .* end=closed$' c)" "visitors that ended in order"
fds_back "$base" c
