#!/bin/sh
# SPDX-License-Identifier: ISC
# An answer up to the end of its connection is not whole when that is reset, whoever is told of the reset: an upload
# that is under way, too.
. "${0%/*}/lib.sh"

backend back 'until:\r\n\r\n' 'send:HTTP/1.1 200 OK\r\n\r\nhalf' wait:go rst
cut=$READY
# the same in order: its end comes before the reset that the unread upload causes
backend other 'until:\r\n\r\n' print:here wait:stopped 'send:HTTP/1.1 200 OK\r\n\r\nwhole' shut close touch:sent
printf '%s\n' "a.test http=$cut" "b.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes

# upload HOST VERSION WORD...: a client sends until nobody takes more, then does these words
upload() {
	local host="$1" version="$2"; shift 2
	rm -f go
	spawn_peer up client "$ADDR" "send:POST / HTTP/1.$version\r\nHost: $host\r\nContent-Length: 100000000\r\n\r\n" "$@"
}
upload a.test 1 'until:half\r\n' push:0.5 touch:go read
ends up 0 20
lacks "$(cat up.log)" '0.x0d.x0a.x0d.x0a end='
has "$(cat up.log)" 'got= end=(eof|reset)$'
logged 'conn=1 .* end=target-reset$' httpredir
rm up.log

upload a.test 0 'until:half' push:0.5 touch:go read
ends up 0 20
has "$(cat up.log)" '^got= end=reset$'
logged 'conn=2 .* end=target-reset$' httpredir
rm up.log

upload b.test 1 push:0.5 touch:full wait:sent 'until:\r\n\r\n' 'until:0\r\n\r\n' close
wait_for 20 test -e full || fail "the upload does not fill up"
logged here other
signal httpredir STOP
touch stopped
wait_for 5 test -e sent || fail "no answer sent"
signal httpredir CONT
ends up 0 20
has "$(cat up.log)" '^got=5.x0d.x0awhole.x0d.x0a0.x0d.x0a.x0d.x0a$'

# A client's reset is told from its end in the middle of a head, and between two requests
client "$ADDR" 'send:GET / HTT' rst
client "$ADDR" 'send:GET / HTTP/1.1\r\nHost: c.test\r\n\r\n' 'until:</html>\n' rst
logged_times 2 ' end=client-reset$' httpredir
