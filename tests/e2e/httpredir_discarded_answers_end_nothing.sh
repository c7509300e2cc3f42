#!/bin/sh
# SPDX-License-Identifier: ISC
# A broken answer that 502 replaces does not end the connection, though it would have had it been passed on.
. "${0%/*}/lib.sh"

web one
backend breaks 'until:\r\n\r\n' 'send:HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n' read
cat >routes <<-END
	a.test http=$READY
	b.test http=$(addr_of one)
END
front -l 127.0.0.1:0 -r routes
l='GET /body HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n'

# for version 1.0 it would have ended with the connection
same "502 200 eof" "$(statuses "send:GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n$l")"
has "$(cat raw.out)" 'Connection:.x20keep-alive'
# so it would have while the request's body is still to come
same "502 200 eof" "$(statuses "send:POST / HTTP/1.1\r\nHost: a.test\r\n${five}he" 'until:</html>\n' "send:llo$l")"
