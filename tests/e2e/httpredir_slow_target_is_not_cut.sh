#!/bin/sh
# SPDX-License-Identifier: ISC
# A target that takes a body slowly, from the kernel's buffer, has --response-timeout for its answer after that; one that
# has stopped has it from then on.
. "${0%/*}/lib.sh"

backend slow timeout:60 ahead:32k sips:8192:0.02 skip:716800 'send:HTTP/1.1 204 No Content\r\n\r\n' read; slow=$READY
backend stops timeout:60 ahead:32k sips:8192:0.02 skip:81920 wait:never
printf '%s\n' "slow.test http=$slow" "stops.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes --response-timeout 0.8

# 400 kB a second, which takes more than twice as long as that
same "204 eof" "$(statuses 'send:POST / HTTP/1.1\r\nHost: slow.test\r\nConnection: close\r\nContent-Length: 716800\r\n\r\n' data:700k)"
same "504 eof" "$(statuses 'send:POST / HTTP/1.1\r\nHost: stops.test\r\nConnection: close\r\nContent-Length: 716800\r\n\r\n' data:700k)"
