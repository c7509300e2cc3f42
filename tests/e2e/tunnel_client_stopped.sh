#!/bin/sh
# SPDX-License-Identifier: ISC
# tunnelc hangs without a word: the session ends after --dead-after and says so; when it goes on it notices and comes
# back.
. "${0%/*}/lib.sh"

backend echo echo && ECHO=$READY
hub --heartbeat 0.5 --dead-after 1.5 --park 0 -m "unix:$T/metrics"
base=$(fds tunneld)
tunnel c "tcp=$ECHO" "http=$ECHO"
NAME=$ID.tun.test
mine=$(fds c)
spawn_peer busy client "unix:$T/visitors" "pass:$NAME,kind=tcp" send:x recv:1 touch:there read
wait_for 5 test -e there

began=$(now_ms)
signal c STOP
logged "client=$ID conn=[0-9]+ peer=.* session=down reason=\"silent: nothing came for [0-9]+ ms\"\$" tunneld
ms=$(($(now_ms) - began))
[ $ms -ge 900 ] || fail "dead after $ms ms already"	# the last byte may have come up to a heartbeat before
logged "name=$NAME route=- .* end=idle\$" tunneld
logged "name=$NAME route=$NAME target=$ID .* rx=1 tx=1 .* end=target-reset\$" tunneld
ends busy 0
same "got=x got= end=reset" "$(paste -sd ' ' busy.log)"
has "$(visit "$NAME,kind=http" 'send:GET / HTTP/1.1\r\nHost: x\r\n\r\n' read)" 'x20503.*Tunnel-Error:\\x20offline'
same 0 "$(metric tunneld_sessions)" "sessions"
fds_back "$base" tunneld

signal c CONT
logged 'link=down reason="(silent|lost|closed): .* retry_ms=[0-9]+$' c
logged 'peer=.* route=tcp .* rx=1 tx=1 .* end=client-reset$' c
wait_for 20 has_lines 2 'link=up' c || fail "not back: $(cat c.log)"
served() { [ "$(visit "$NAME,kind=tcp" send:hello shut read)" = "got=hello end=eof" ]; }
wait_for 10 served || fail "not served"
fds_back "$mine" c
