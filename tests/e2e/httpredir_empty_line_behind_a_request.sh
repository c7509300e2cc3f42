#!/bin/sh
# SPDX-License-Identifier: ISC
# An empty line behind a request begins no other one, wherever segments end: the connection is idle, not a slow head.
. "${0%/*}/lib.sh"

web one
printf '%s\n' "a.test http=$READY" 'b.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes --hello-timeout 1 --idle-timeout 4
a='GET /head HTTP/1.1\r\nHost: a.test\r\n\r\n'
b='GET / HTTP/1.1\r\nHost: b.test\r\n\r\n'
same "308 eof" "$(statuses "send:$b\r\n")"
same "200 eof" "$(statuses "send:$a\r\n\r\n")"
same "308 eof" "$(statuses "send:$b" sleep:0.1 'send:\r' sleep:0.1 'send:\n')"
same "308 308 eof" "$(statuses "send:$b\r\n" sleep:1.5 "send:\r\n\r\n$b\r\n")"
logged_times 4 'hello=ok .*end=idle$' httpredir
# without a request before it, it has the time of a head
same "got= end=eof" "$(raw 'send:\r\n')"
logged_times 1 'hello=timeout .*end=hello$' httpredir
# it gives no new time: neither is a CR a head that has begun
same "308 eof" "$(statuses "send:$b" sleep:1 'send:\r' sleep:1 'send:\n' sleep:1 'send:\r')"
has "$(tail -n 1 httpredir.log)" ' ms=[45][0-9][0-9][0-9] '

# TERM ends an idle connection at once
stop httpredir
for more in '' '\r' '\r\n'; do
	front -l 127.0.0.1:0 -r routes
	rm -f there
	spawn_peer idle client "$ADDR" timeout:20 "send:$b" 'until:\r\n\r\n' "send:$more" sleep:0.2 touch:there read
	wait_for 5 test -e there || fail "no answer"
	signal httpredir TERM
	ends httpredir 0
	ends idle 0
	logged 'hello=ok .*end=drain$' httpredir
done

for kind in tcp socketpair pipes; do
	for more in '\r' '\r\n'; do
		got=$(peer one $kind "send:$b$more" shut read -- "$HTTPREDIR" -r routes)
		has "$got" '^got=HTTP/1.1.x20308'
		has "$got" 'exit=0$'
	done
done

# the same behind answers that were slow to go: all of them, and no 408
cat >slow.py <<-'END'
	import fcntl, os, subprocess, sys, time
	request_r, request_w = os.pipe()
	answer_r, answer_w = os.pipe()
	fcntl.fcntl(answer_w, fcntl.F_SETPIPE_SZ, 4096)
	os.write(request_w, 7 * (b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\nHost: b.test\r\n\r\n") + b"\r")
	p = subprocess.Popen(sys.argv[1:], stdin=request_r, stdout=answer_w)
	os.close(request_r)
	os.close(answer_w)
	while b"HEAD -> ANSWER" not in open("slow.log", "rb").read() and p.poll() is None:
	    time.sleep(0.02)
	with os.fdopen(answer_r, "rb") as f:
	    answers = f.read()
	print(answers.count(b"HTTP/1.1 308 "), answers.count(b"HTTP/1.1 408 "))
	os.close(request_w)
	p.wait()
END
same "7 0" "$(timeout 20 python3 -SE slow.py "$HTTPREDIR" -v --hello-timeout 1 --idle-timeout 2 2>slow.log)"
