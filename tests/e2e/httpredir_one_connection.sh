#!/bin/sh
# SPDX-License-Identifier: ISC
# One connection on descriptors 0 and 1 is served to its end, and the exit code tells how.
. "${0%/*}/lib.sh"

web one; one=$READY
printf '%s\n' "a.test http=$one" 'b.test tls=127.0.0.1:1' "c.test http=127.0.0.1:$(free_port)" >routes
g() { printf 'GET /body HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n' "$1"; }
for kind in tcp socketpair pipes; do
	while read -r host status code; do
		got=$(peer one $kind "send:$(g "$host")" read -- "$HTTPREDIR" -r routes)
		has "$got" "^got=HTTP/1.1.x20$status.* end=eof"
		has "$got" "exit=$code\$"
	done <<-END
		a.test 200 0
		b.test 308 0
		x.test 404 100
		c.test 502 111
	END
	has "$(peer one $kind 'send:rubbish\r\n\r\n' read -- "$HTTPREDIR" -r routes)" 'exit=100$'
	has "$(peer one $kind 'send:GET' shut read -- "$HTTPREDIR" -r routes)" 'exit=111$'
	# kept alive, and then silent: its last request counts
	while read -r host status code; do
		got=$(peer one $kind "send:GET / HTTP/1.1\r\nHost: $host\r\n\r\n" read -- "$HTTPREDIR" -r routes --idle-timeout 0.2)
		has "$got" "^got=HTTP/1.1.x20$status.* end=eof"
		has "$got" "exit=$code\$"
	done <<-END
		a.test 200 0
		b.test 308 0
		x.test 404 100
	END
	has "$(peer one $kind read -- "$HTTPREDIR" -r routes --hello-timeout 0.2 --idle-timeout 0.1)" 'exit=111$'
	got=$(peer one $kind 'send:GET /size/3m HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n' sum -- "$HTTPREDIR" -r routes)
	has "$got" '^bytes=31457[0-9]{2} .*end=eof'
done
got=$(peer one pipes 'send:GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n' 'until:welcome\n' data:300k shut sum -- "$HTTPREDIR" -r routes)
has "$got" 'bytes=307200 .*end=eof'
mkdir web
echo text >web/token
a='/.well-known/acme-challenge/token HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'
has "$(peer one tcp "send:GET $a" read -- "$HTTPREDIR" -w web)" 'exit=0$'
has "$(peer one tcp "send:POST $a" read -- "$HTTPREDIR" -w web)" 'exit=100$'
