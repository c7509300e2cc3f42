#!/bin/sh
# SPDX-License-Identifier: ISC
# A chunk error on the way is 400, and the backend sees its connection break, never a last chunk.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes
p='POST /body HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'
same "400 eof" "$(statuses "send:$p" sleep:0.3 'send:x\r\n')"
logged 'conn=1 (end|error=.*)$' one
same "400 eof" "$(statuses "send:$p" sleep:0.3 'send:0\r\nX : y\r\n\r\n')"
logged 'conn=2 (end|error=.*)$' one
client "$ADDR" "send:$p" sleep:0.2 rst
logged 'conn=3 (end|error=.*)$' one
client "$ADDR" "send:$p" sleep:0.2 shut read >cut
logged 'conn=4 (end|error=.*)$' one
lacks "$(cat cut)" 200
