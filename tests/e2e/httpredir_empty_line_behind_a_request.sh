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

# TERM ends an idle connection at once
stop httpredir
front -l 127.0.0.1:0 -r routes
spawn_peer idle client "$ADDR" timeout:20 "send:$b\r\n" 'until:\r\n\r\n' touch:there read
wait_for 5 test -e there || fail "no answer"
signal httpredir TERM
ends httpredir 0
ends idle 0
logged 'hello=ok .*end=drain$' httpredir

for kind in tcp socketpair pipes; do
	got=$(peer one $kind "send:$b\r\n" shut read -- "$HTTPREDIR" -r routes)
	has "$got" '^got=HTTP/1.1.x20308'
	has "$got" 'exit=0$'
done
