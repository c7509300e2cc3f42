#!/bin/sh
# SPDX-License-Identifier: ISC
# 502 when no target is reachable, the next target when one is not, 504 without a first byte in time.
. "${0%/*}/lib.sh"

web one; one=$READY
dead=127.0.0.1:$(free_port)
cat >routes <<-END
	a.test http=$dead
	b.test http=$dead,$one balance=first
	c.test http=$one
	d.test http=no-such-name.invalid:80
END
front -l 127.0.0.1:0 -r routes --response-timeout 0.5
l='GET /body HTTP/1.1\r\nHost: c.test\r\nConnection: close\r\n\r\n'
same "502 200 eof" "$(statuses "send:GET / HTTP/1.1\r\nHost: a.test\r\n\r\n$l")"
has "$(HOST=a.test get /)" '<h1>502 Bad Gateway</h1>'
has "$(HOST=b.test get /body)" 'bytes=0'
same "504 200 eof" "$(statuses "send:GET /sleep/3 HTTP/1.1\r\nHost: c.test\r\n\r\n$l")"
has "$(cat raw.out)" '<h1>504.x20Gateway.x20Timeout</h1>'
same "502 200 eof" "$(statuses "send:GET /drop HTTP/1.1\r\nHost: c.test\r\n\r\n$l")"
same "502 200 eof" "$(statuses "send:POST /body HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nab$l")"
logged "target=$dead hello=ok .*end=unreachable$" httpredir
