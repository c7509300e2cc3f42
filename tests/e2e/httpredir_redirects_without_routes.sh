#!/bin/sh
# SPDX-License-Identifier: ISC
# Without a routes file every name is redirected, with the status and port asked for.
. "${0%/*}/lib.sh"

for status in 301 302 307 308; do
	front -l 127.0.0.1:0 -s $status -p 8443
	answer=$(HOST=www.example.org:81 get /x)
	has "$answer" "^HTTP/1.1 $status "
	has "$answer" '^Location: https://www\.example\.org:8443/x'
	stop httpredir
done
front -l 127.0.0.1:0
has "$(HOST='[2001:db8::1]' get /x)" '^Location: https://\[2001:db8::1\]/x'
has "$(HOST='[::ffff:1.2.3.4]' get /x)" '^Location: https://\[::ffff:1\.2\.3\.4\]/x'
has "$(raw 'send:GET http://abs.test?q HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n')" 'https://abs\.test/\?q'
has "$(raw 'send:OPTIONS * HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n')" 'Location:.x20https://a\.test/.x0d'

# without a Host, as version 1.0 allows, there is no place to name: what the log says is true, and a connection lives on
same "404 eof" "$(statuses 'send:GET / HTTP/1.0\r\n\r\n')"
logged 'name=- .* hello=ok .* end=no-route' httpredir
same "404 308 eof" "$(statuses 'send:GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\nHost: a.test\r\n\r\n')"
