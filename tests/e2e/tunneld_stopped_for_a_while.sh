#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld was stopped for so long that its client has left: who came meanwhile waits for the client's next session.
. "${0%/*}/lib.sh"

backend echo echo && ECHO=$READY
hub --heartbeat 0.7 --dead-after 1.4 --park 30 --hello-timeout 30
tunnel c "tcp=$ECHO"
for i in 1 2 3; do
	spawn_peer v$i client "unix:$T/visitors" touch:here$i wait:go "visitor:$ID.tun.test,kind=tcp" send:hello touch:sent$i recv:5
	wait_for 5 test -e here$i
done
signal tunneld STOP
touch go
for i in 1 2 3; do
	wait_for 5 test -e sent$i
done
logged 'link=down reason="silent: .*"' c
signal tunneld CONT
for i in 1 2 3; do
	ends v$i 0
	same "got=hello" "$(cat v$i.log)"
done
logged 'session=down reason="(lost|silent): .*"$' tunneld
