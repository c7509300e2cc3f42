#!/bin/sh
# SPDX-License-Identifier: ISC
# Whoever sends a body before he reads has his answer behind it, though that takes longer than a silent client is waited for: 2 s.
. "${0%/*}/lib.sh"

echo '*.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes
spawn_peer silent client "$ADDR" 'send:GET / HTTP/1.1\r\nHost: silent.test\r\nConnection: close\r\n\r\nx' read sleep:9
answer=$(raw 'send:POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 900000000\r\n\r\n' pieces:20000:0.3 data:140000)
has "$answer" 'HTTP/1\.1.x20308'
has "$answer" 'sent=140000 '
has "$answer" 'end=eof'
logged 'name=silent.test .* ms=2[0-9][0-9][0-9] end=closed$' httpredir
stop httpredir
logged 'name=a.test .* ms=[2-9][0-9][0-9][0-9] end=closed$' httpredir
