#!/bin/sh
# SPDX-License-Identifier: ISC
# The body of a request that is answered here is dropped, and the connection stays for the next request.
. "${0%/*}/lib.sh"

mkdir web
echo text >web/token
echo 'a.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes -w web --idle-timeout 1.5 --hello-timeout 2
p='POST /1 HTTP/1.1\r\nHost: a.test\r\n'
n='POST /2 HTTP/1.1\r\nHost: b.test\r\n'
t='POST /.well-known/acme-challenge/token HTTP/1.1\r\nHost: b.test\r\n'
l='GET /3 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'

# in later packets, in the same, and byte by byte
same "308 308 eof" "$(statuses "send:$p$five" sleep:0.1 "send:hello$l")"
lacks "$(cat raw.out)" 'close.*close'
same "308 404 405 308 eof" "$(statuses "send:$p${five}he" sleep:0.1 "send:llo$n$five" sleep:0.1 "send:hello$t$five" sleep:0.1 "send:hello$l")"
same "308 308 eof" "$(statuses "send:$p$chunked$chunks$l")"
same "308 404 308 eof" "$(statuses "send:$p$chunked" sleep:0.1 "send:$chunks$n${chunked}5\r\nhe" sleep:0.1 "send:llo\r\n0\r\nX-T:" sleep:0.1 "send:1\r\n\r\n$l")"
same "308 404 405 308 308 eof" "$(statuses pieces:1:0.001 "send:$p$five"'hello'"$n$chunked$chunks$t$five"'hello'"$p$five"'hello'"$l")"
same "308 308 eof" "$(statuses "send:POST / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n$five" sleep:0.1 "send:hello$l")"
# a trailer in two packets, the first one with the head
x=$(printf 'X-T: %0300d' 1)
same "308 308 eof" "$(statuses "send:$p${chunked}0\r\n$x\r\nX-U:" sleep:0.1 "send: 2\r\n\r\n$l")"
# slowly
same "308 308 eof" "$(statuses "send:$p$five" sleep:0.6 send:h sleep:0.6 send:e sleep:0.6 "send:llo$l")"
# what looks like a request is none
same "308 308 eof" "$(statuses "send:${p}Content-Length: 40\r\n\r\n" sleep:0.1 'send:GET /no HTTP/1.1\r\nHost: nowhere.test\r\n\r\n' "send:$l")"
not_logged nowhere httpredir

# up to 256 KiB; more than that, or what may not come at all, ends the connection
head -c 262144 /dev/zero >body
same "308 308 eof" "$(statuses "send:${p}Content-Length: 262144\r\n\r\n" file:body "send:$l")"
same "308 eof" "$(statuses "send:${p}Content-Length: 262145\r\n\r\n" file:body "send:x$l")"
has "$(cat raw.out)" 'Connection:.x20close'
{ printf '40000\r\n'; cat body; printf '\r\n0\r\n\r\n'; } >chunk
same "308 eof" "$(statuses "send:$p$chunked" sleep:0.1 file:chunk "send:$l")"
same "308 eof" "$(statuses "send:${p}Expect: 100-continue\r\n$five" sleep:0.1 "send:hello$l")"
has "$(cat raw.out)" 'Connection:.x20close'
same "308 308 eof" "$(statuses "send:${p}Expect: 100-continue\r\n${five}hello$l")"

# bad chunks: refused if they come with the head, the end of the connection if later
same "400 eof" "$(statuses "send:$p${chunked}x\r\n$l")"
logged_times 1 'hello=malformed .*end=hello$' httpredir
same "308 eof" "$(statuses "send:$p${chunked}5\r\nhello" sleep:0.1 "send:x\r\n$l")"
logged_times 2 'hello=malformed .*end=hello$' httpredir

# a client that stops in the middle
same "308 eof" "$(statuses "send:$p$five")"
logged_times 1 'end=idle$' httpredir
same "308 eof" "$(statuses "send:$p${five}he" shut)"
has "$(peer one tcp "send:$p${chunked}0\r\nX-T:" shut read -- "$HTTPREDIR")" 'exit=0$'
same "308 408 eof" "$(statuses "send:$p$five" sleep:0.1 'send:helloGET /')"
has "$(peer one tcp "send:$p$five" read -- "$HTTPREDIR" --idle-timeout 0.2)" 'exit=0$'

# while the client has yet to take the answer
g='GET /4 HTTP/1.1\r\nHost: a.test\r\n\r\n'
many=$(i=0; while [ $i -lt 300 ]; do printf '%s' "$g"; i=$((i + 1)); done)
peer one pipes "send:$many" sleep:0.2 "send:$many$p$five" sleep:0.2 "send:hello$l" shut read -- "$HTTPREDIR" -v >raw.out 2>one.log
same 602 "$(grep -o '/1\.1.x20308' raw.out | wc -l)"
has "$(cat raw.out)" 'end=eof'
logged 'ANSWER -> DROP' one

# TERM lets it finish
spawn busy python3 -SE "$TESTS/peer.py" client "$ADDR" "send:$p$five" 'until:\r\n\r\n' touch:half wait:go "send:hello$l" read
wait_for 5 test -e half || fail "no answer"
signal httpredir TERM
logged 'stopping' httpredir
touch go
ends busy 0
ends httpredir 0
has "$(cat busy.log)" '^got= end=eof$'
