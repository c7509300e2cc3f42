#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld is killed under load: tunnelc lets go of its visitors, says so, and is back by itself within the time it told.
. "${0%/*}/lib.sh"

backend pours flood:60 && POURS=$READY
backend drinks sum && DRINKS=$READY
backend echo echo && ECHO=$READY
at=127.0.0.1:$(free_port)
hub -l "$at"
tunnel c "tcp=$POURS" "tls=$DRINKS" "http=$ECHO" -m "unix:$T/metrics"
NAME=$ID.tun.test
base=$(fds c)

for i in 1 2 3; do
	spawn_peer "down$i" client "unix:$T/visitors" "pass:$NAME,kind=tcp" sum
	spawn_peer "up$i" client "unix:$T/visitors" "visitor:$NAME,kind=tls" flood:60 read
done
metric_is 6 tunnelc_visitors
sleep 0.5
killed tunneld

# The services see their visitors go, and the log has a line for each.
logged "link=down reason=\"(lost|closed): .* retry_ms=[0-9]+\$" c
logged_times 3 'bytes=[1-9][0-9]* .* end=reset$' drinks
logged_times 6 'route=(tcp|tls) .* end=client-reset$' c
metric_is 0 tunnelc_visitors
same 0 "$(metric tunnelc_up)" "sessions"
fds_back $((base - 1)) c
for i in 1 2 3; do
	ends "down$i" 0
	has "$(cat "down$i.log")" ' end=(reset|eof)$'
	ends "up$i" 0
	has "$(cat "up$i.log")" ' end=(reset|eof)$'
done

# Whatever it waits, it is at most what it was told: a second. Failed attempts meanwhile may double that a few times.
retry_ms=$(sed -n 's/.*link=down .*retry_ms=//p' c.log | head -n 1)
[ "$retry_ms" -le 1000 ] || fail "back after $retry_ms ms"
hub -l "$at"
wait_for 20 has_lines 2 'link=up' c || fail "not back: $(cat c.log)"
same "got=hello end=eof" "$(visit "$NAME,kind=http" send:hello shut read)"
same 1 "$(metric tunnelc_up)" "sessions"
fds_back "$base" c
