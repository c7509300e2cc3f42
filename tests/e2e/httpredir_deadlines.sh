#!/bin/sh
# SPDX-License-Identifier: ISC
# A slow head gets 408; a silent client, a kept-alive one and a stalled upload end in time.
. "${0%/*}/lib.sh"

web one
printf '%s\n' "a.test http=$READY" 'b.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes --hello-timeout 0.6 --idle-timeout 1.2
begin=$(now_ms)
same "408 eof" "$(statuses pieces:1:0.2 'send:GET / HTTP/1.1\r\n')"
[ $(($(now_ms) - begin)) -lt 6000 ] || fail "the deadline moved with the bytes"
logged 'hello=timeout .*end=hello$' httpredir
same "got= end=eof" "$(raw)"
logged_times 2 'hello=timeout .*end=hello$' httpredir
begin=$(now_ms)
same "308 eof" "$(statuses 'send:GET / HTTP/1.1\r\nHost: b.test\r\n\r\n')"
[ $(($(now_ms) - begin)) -gt 900 ] || fail "kept alive for too short a time"
logged 'hello=ok .*end=idle$' httpredir
same "308 408 eof" "$(statuses 'send:GET / HTTP/1.1\r\nHost: b.test\r\n\r\n' sleep:0.2 'send:GET / HT')"
same "408 eof" "$(statuses 'send:POST /body HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\nabc')"
logged '(end|error=.*)$' one
same "got= end=eof" "$(raw 'send:GET' shut)"
logged 'hello=eof .*end=hello$' httpredir
