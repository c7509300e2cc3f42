#!/bin/sh
# SPDX-License-Identifier: ISC
# A backend that answers an Expect with something other than 100 may take the body for the next request, and the next request for the
# rest of a body that never came: its connection is not used again, or somebody else would get that answer. After a 100, or without a
# body, it is, unless the backend has said that it closes.
. "${0%/*}/lib.sh"

# the first head on a connection gets 401, what looks like a second one gets 200, but later
backend denies 'until:\r\n\r\n' 'send:HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n' 'until:\r\n\r\n' wait:late \
    'send:HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' read
backend closes 'until:\r\n\r\n' 'send:HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n' read
web back
cat >routes <<-END
	a.test http=$(addr_of denies)
	b.test http=$(addr_of back)
	c.test http=$(addr_of closes)
END
front -l 127.0.0.1:0 -r routes
close='Connection: close\r\n'
expect='Expect: 100-continue\r\n'
evil='GET /evil HTTP/1.1\r\nHost: a.test\r\n\r\n'

same "401 eof" "$(statuses "send:POST / HTTP/1.1\r\nHost: a.test\r\n$close${expect}Content-Length: 36\r\n\r\n$evil")"
same "401 eof" "$(statuses "send:POST / HTTP/1.1\r\nHost: a.test\r\n${close}Content-Length: 36\r\n\r\n")"
same "401 eof" "$(statuses "send:GET / HTTP/1.1\r\nHost: a.test\r\n$close\r\n")"
touch late
for i in 1 2; do same "200 eof" "$(statuses "send:GET / HTTP/1.1\r\nHost: c.test\r\n$close\r\n")"; done

same "100 200 eof" "$(statuses "send:POST /continue HTTP/1.1\r\nHost: b.test\r\n$close${expect}Content-Length: 5\r\n\r\n" 'until:\r\n\r\n' send:hello)"
same "200 eof" "$(statuses "send:GET /head HTTP/1.1\r\nHost: b.test\r\n$close$expect\r\n")"
same "200 eof" "$(statuses "send:GET /head HTTP/1.1\r\nHost: b.test\r\n$close\r\n")"
logged_times 3 '^conn=1 (POST|GET)' back
