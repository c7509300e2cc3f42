#!/bin/sh
# SPDX-License-Identifier: ISC
# A process that was stopped, and goes on, sees what came meanwhile before it looks at its deadlines.
. "${0%/*}/lib.sh"

backend back send:hi read
echo "www.example.org tls=$READY" >routes
start sniroute "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes --idle-timeout 1
spawn_peer idler client "$READY" hello:www.example.org recv:2 touch:idler wait:stopped send:more touch:idler.said shut read
start httpredir "$HTTPREDIR" -n 9 -l 127.0.0.1:0 -r routes --hello-timeout 1
spawn_peer asker client "$READY" 'send:GET / HT' touch:asker wait:stopped 'send:TP/1.0\r\nHost: www.example.org\r\n\r\n' \
    touch:asker.said read
wait_for 5 test -e idler -a -e asker
signal sniroute STOP
signal httpredir STOP
touch stopped
wait_for 5 test -e idler.said -a -e asker.said
sleep 1.2		# over the deadlines
signal sniroute CONT
signal httpredir CONT
ends idler 0
ends asker 0
same 'got=hi got= end=eof' "$(paste -sd ' ' idler.log)"
has "$(cat asker.log)" '^got=HTTP/1.1\\x20308'
logged 'rx=[0-9]+ tx=2 .* end=closed$'
