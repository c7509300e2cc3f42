#!/bin/sh
# SPDX-License-Identifier: ISC
# The connection outlives an error in place of a target's answer, although the request's body is still to come.
. "${0%/*}/lib.sh"

web one; one=$READY
backend gives_up 'until:\r\n\r\n' 'send:HTTP/1.1 100 Continue\r\n\r\n' wait:part close
backend takes 'until:\r\n\r\n' skip:200000 close
cat >routes <<-END
	a.test http=127.0.0.1:$(free_port)
	b.test tls=127.0.0.1:1
	c.test http=$one
	d.test http=$(addr_of gives_up)
	e.test http=$(addr_of takes)
END
front -l 127.0.0.1:0 -r routes --idle-timeout 1.5
p='POST /1 HTTP/1.1\r\nHost: a.test\r\n'
l='GET /2 HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n'

# nobody reachable: in later packets, partly in the same, byte by byte
same "502 308 eof" "$(statuses "send:$p$five" sleep:0.2 "send:hello$l")"
lacks "$(cat raw.out)" 'close.*close'
same "502 502 308 eof" "$(statuses "send:$p${five}he" sleep:0.2 "send:llo$p${chunked}5\r\nhe" sleep:0.2 "send:llo\r\n0\r\nX-T:" sleep:0.2 "send:1\r\n\r\n$l")"
same "502 502 308 eof" "$(statuses pieces:1:0.001 "send:$p$chunked$chunks$p${five}hello$l")"
same "502 308 eof" "$(statuses "send:POST / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n$five" sleep:0.2 "send:hello$l")"
# what looks like a request is none
same "502 308 eof" "$(statuses "send:${p}Content-Length: 40\r\n\r\n" sleep:0.2 'send:GET /no HTTP/1.1\r\nHost: nowhere.test\r\n\r\n' "send:$l")"
not_logged nowhere httpredir

# the target ends while it gets the body, or after a 100
same "502 308 eof" "$(statuses "send:POST /drop HTTP/1.1\r\nHost: c.test\r\n$five" 'until:</html>\n' "send:hello$l")"
has "$(raw "send:POST / HTTP/1.1\r\nHost: d.test\r\nExpect: 100-continue\r\n$five" 'until:\r\n\r\n' touch:part 'until:</html>\n' "send:hello$l")" \
    '^got=HTTP/1.1.x20308'

# up to 256 KiB, with what the target got
head -c 262144 /dev/zero >body
same "502 308 eof" "$(statuses "send:${p}Content-Length: 262144\r\n\r\n" sleep:0.2 file:body "send:$l")"
same "502 eof" "$(statuses "send:${p}Content-Length: 262145\r\n\r\n" sleep:0.2 file:body "send:x$l")"
has "$(cat raw.out)" 'Connection:.x20close'
head -c 200000 /dev/zero >most
for left in 62144 62145; do
	head -c $left /dev/zero >rest
	raw "send:POST / HTTP/1.1\r\nHost: e.test\r\nContent-Length: $((200000 + left))\r\n\r\n" file:most \
	    'until:</html>\n' file:rest "send:$l" >left.$left
	has "$(cat left.$left)" '^got=HTTP/1.1.x20502'
done
has "$(cat left.62144)" '^got=HTTP/1.1.x20308'
has "$(cat left.62145)" 'Connection:.x20close'
lacks "$(cat left.62145)" 'x20308'

# a body that may not come at all, or is none
same "502 eof" "$(statuses "send:${p}Expect: 100-continue\r\n$five" sleep:0.2 "send:hello$l")"
has "$(cat raw.out)" 'Connection:.x20close'
same "502 eof" "$(statuses "send:${p}Connection: close\r\n$five" sleep:0.2 "send:hello$l")"
same "502 eof" "$(statuses "send:$p${chunked}5\r\nhello" sleep:0.2 "send:x\r\n$l")"
logged_times 1 'hello=malformed .*end=hello$' httpredir
same "502 eof" "$(statuses "send:$p$five")"
logged 'name=a.test .*end=idle$' httpredir
same "502 eof" "$(statuses "send:$p${five}he" sleep:0.2 shut)"

# while the client has yet to take the answer: a full pipe of redirects is before it
g='GET /3 HTTP/1.1\r\nHost: b.test\r\n\r\n'
answer=$(raw "send:${g}$l" | sed 's/\\x\(20\|0d\|0a\)/./g;s/^got=//;s/HTTP/\n&/2' | head -n 1)
n=$((65536 / ${#answer}))
many=$(i=0; while [ $i -lt $n ]; do printf '%s' "$g"; i=$((i + 1)); done)
spawn pipes python3 -SE "$TESTS/peer.py" one pipes "send:$many" sleep:0.3 "send:$p$five" wait:go sleep:0.2 "send:hello$l" \
    shut read -- "$HTTPREDIR" -r routes -v
logged 'PROXY -> ANSWER' pipes
not_logged 'ANSWER -> DROP' pipes
touch go
ends pipes 0
logged 'ANSWER -> DROP' pipes
same $((n + 1)) "$(grep -o '/1\.1.x20308' pipes.log | wc -l)"
has "$(cat pipes.log)" '/1\.1.x20502.*308.*end=eof$'

# TERM lets it finish
spawn busy python3 -SE "$TESTS/peer.py" client "$ADDR" "send:$p$five" 'until:\r\n\r\n' touch:half wait:gone "send:hello$l" read
wait_for 5 test -e half || fail "no answer"
signal httpredir TERM
logged 'stopping' httpredir
touch gone
ends busy 0
ends httpredir 0
lacks "$(cat busy.log)" 308
