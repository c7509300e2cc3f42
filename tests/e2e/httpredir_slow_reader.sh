#!/bin/sh
# SPDX-License-Identifier: ISC
# A client who takes an answer slowly, but does, is not idle: neither while the target sends nor when all of it has been read.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
# 20 KiB a second, twice as long as the limit on silence; a pipe holds 64 KiB, the rest waits in httpredir
got=$(peer one pipes sips:2048:0.1 'send:GET /size/96k HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n' sum -- \
    "$HTTPREDIR" -r routes --idle-timeout 1)
has "$got" '^bytes=98[0-9]{3} .*end=eof'
has "$got" 'exit=0$'
