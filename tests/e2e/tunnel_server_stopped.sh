#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld hangs without a word: tunnelc ends the session after the time it was told, tries on, and is back when
# tunneld is.
. "${0%/*}/lib.sh"

backend echo echo && ECHO=$READY
hub --heartbeat 0.5 --dead-after 1.5
base=$(fds tunneld)
tunnel c "tcp=$ECHO" -m "unix:$T/metrics"
NAME=$ID.tun.test
mine=$(fds c)
spawn_peer busy client "unix:$T/visitors" "pass:$NAME,kind=tcp" send:x recv:1 touch:there read
wait_for 5 test -e there

signal tunneld STOP
logged 'link=down reason="silent: nothing came for [0-9]+ ms" retry_ms=[0-9]+$' c
logged 'route=tcp .* rx=1 tx=1 .* end=client-reset$' c
same 0 "$(metric tunnelc_up)" "sessions"
fds_back "$mine" c

# It finds the old session gone and new connections waiting.
signal tunneld CONT
ends busy 0
same "got=x got= end=reset" "$(paste -sd ' ' busy.log)"
logged "client=$ID conn=[0-9]+ peer=.* session=down reason=\"(lost|silent): .*\"\$" tunneld
wait_for 20 has_lines 2 'link=up' c || fail "not back: $(cat c.log)"
served() { [ "$(visit "$NAME,kind=tcp" send:hello shut read)" = "got=hello end=eof" ]; }
wait_for 10 served || fail "not served"
fds_back "$mine" c
fds_back $((base + 1)) tunneld
