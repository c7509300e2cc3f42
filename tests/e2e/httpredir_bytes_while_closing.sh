#!/bin/sh
# SPDX-License-Identifier: ISC
# Bytes that come just before the connection is closed, too late to be read, do not cost the client its answer.
. "${0%/*}/lib.sh"

command -v strace >/dev/null || skip "no strace here"
front -l 127.0.0.1:0
pid=$(pid_of httpredir)
spawn delay strace -qq -o calls -p "$pid" -e trace=sendto,sendmsg -e inject=sendto,sendmsg:delay_enter=1000000
wait_for 5 grep -q '^TracerPid:.[1-9]' "/proc/$pid/status" || skip "no right to trace"

# They come when all has been read that was there, and the answer is about to be sent, which takes its time.
client "$ADDR" 'send:GET /x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n' sleep:0.3 'send:\r\n' read >client.log
stop delay
has "$(cat calls)" '^send'
has "$(cat client.log)" '^got=HTTP/1.1.x20308.* end=(eof|reset)$'
logged 'end=closed$' httpredir
