#!/bin/sh
# SPDX-License-Identifier: ISC
# tunnelc is killed under load: its visitors break off at once, its name is away, and who is parked is served by the
# next one.
. "${0%/*}/lib.sh"

backend pours flood:60 && POURS=$READY
backend drinks sum && DRINKS=$READY
backend mute read && MUTE=$READY
backend echo echo && ECHO=$READY
hub --park 20 -m "unix:$T/metrics"
base=$(fds tunneld)
tunnel c "tcp=$POURS" "tls=$DRINKS" "http=$MUTE"
NAME=$ID.tun.test

for i in 1 2 3; do
	spawn_peer "down$i" client "unix:$T/visitors" "pass:$NAME,kind=tcp" sum
	spawn_peer "up$i" client "unix:$T/visitors" "visitor:$NAME,kind=tls" flood:60 read
done
spawn_peer asks client "unix:$T/visitors" "visitor:$NAME,kind=http" 'send:GET / HTTP/1.1\r\nHost: x\r\n\r\n' read
metric_is 7 tunneld_visitors
sleep 0.5
killed c

# Reset is who was under way; who had no byte of an answer yet is told why.
for i in 1 2 3; do
	ends "down$i" 0
	has "$(cat "down$i.log")" '^bytes=[1-9][0-9]* .* end=reset$'
	ends "up$i" 0
	has "$(cat "up$i.log")" '^got= end=(eof|reset)$'	# a unix socket knows no reset
done
ends asks 0
has "$(cat asks.log)" 'x20503.*Tunnel-Error:\\x20offline.*Retry-After'
logged_times 7 "name=$NAME route=$NAME target=$ID .* end=target-reset\$" tunneld
logged "client=$ID conn=[0-9]+ peer=.* session=down reason=\"lost: .*\"\$" tunneld
logged "name=$NAME route=- target=- hello=ok rx=[0-9]+ tx=[0-9]+ ms=[0-9]+ end=client-reset\$" tunneld
logged '^2 bytes=[1-9][0-9]* .* end=(reset|eof)$' drinks
same 0 "$(metric tunneld_sessions)" "sessions"
same 0 "$(metric tunneld_visitors)" "visitors"
fds_back "$base" tunneld

# Away: newcomers wait, by both ways in, and the next process with that key serves them.
for kind in tcp tls http; do
	spawn_peer "parked.$kind" client "unix:$T/visitors" "visitor:$NAME,kind=$kind" "send:$kind" shut read
	spawn_peer "handed.$kind" client "unix:$T/visitors" "pass:$NAME,kind=$kind" "send:$kind" shut read
done
metric_is 6 tunneld_parked_visitors
tunnel c "tcp=$ECHO" "tls=$ECHO" "http=$ECHO"
for kind in tcp tls http; do
	for way in parked handed; do
		ends "$way.$kind" 0
		same "got=$kind end=eof" "$(cat "$way.$kind.log")" "$way, $kind"
	done
done
same 0 "$(metric tunneld_parked_visitors)" "parked"
stop c
fds_back "$base" tunneld
