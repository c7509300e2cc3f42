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

# Also of more than one batch of them.
cat >crowd.py <<-'END'
	import os, signal, socket, sys, time
	host, port = sys.argv[1].rsplit(":", 1)
	crowd = [socket.create_connection((host, int(port))) for n in range(600)]
	for s in crowd:
	    s.sendall(b"GET / HT")
	time.sleep(0.2)
	os.kill(int(sys.argv[2]), signal.SIGSTOP)
	for s in crowd:
	    s.sendall(b"TP/1.0\r\nHost: www.example.org\r\n\r\n")
	time.sleep(1.2)
	os.kill(int(sys.argv[2]), signal.SIGCONT)
	print("redirected=%d" % sum(s.recv(4096).startswith(b"HTTP/1.1 308") for s in crowd))
END
stop httpredir
start httpredir "$HTTPREDIR" -n 9 -l 127.0.0.1:0 -r routes --hello-timeout 1 --max-per-source 0
same redirected=600 "$(python3 -SE crowd.py "$READY" "$(pid_of httpredir)")"

# A client that is accepted when it goes on has all of its time.
sanitized && exit
gcc -shared -fPIC -D_GNU_SOURCE -o stop.so -x c - <<-'END'
	#include <signal.h>
	#include <sys/socket.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	int accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags)
	{
		int client = (int)syscall(SYS_accept4, fd, peer, len, flags);
		if (client != -1 && unlink("stop") == 0)
			raise(SIGSTOP);
		return client;
	}
END
stop httpredir
touch stop
start httpredir env LD_PRELOAD="$T/stop.so" "$HTTPREDIR" -n 9 -l 127.0.0.1:0 --hello-timeout 1
spawn_peer late client "$READY" wait:told 'send:GET / HTTP/1.0\r\nHost: www.example.org\r\n\r\n' read
is_stopped() { grep -q '^State:.T' "/proc/$(pid_of httpredir)/status"; }
wait_for 5 is_stopped || fail "not stopped"
spawn_peer next client "$READY" 'send:GET / HTTP/1.0\r\nHost: www.example.org\r\n\r\n' touch:asked until:308 touch:told read
wait_for 5 test -e asked
sleep 1.1		# over the deadline
signal httpredir CONT
ends next 0
ends late 0
has "$(cat late.log)" '^got=HTTP/1.1\\x20308'
