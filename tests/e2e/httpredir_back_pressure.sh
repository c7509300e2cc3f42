#!/bin/sh
# SPDX-License-Identifier: ISC
# Bodies in both directions wait for who takes them; a slow one costs little memory, and everything arrives.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes --response-timeout 60
client "$ADDR" 'send:GET /size/1 HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n' read >/dev/null
spawn down python3 -SE "$TESTS/peer.py" client "$ADDR" 'send:GET /size/64m HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n' wait:go sum
spawn up python3 -SE "$TESTS/peer.py" client "$ADDR" 'send:POST /wait/go HTTP/1.1\r\nConnection: close\r\nHost: a.test\r\nContent-Length: 67108864\r\n\r\n' data:64m read
sleep 2
worst=$(rss_kb "$(pid_of httpredir)")
touch go
ends down 0 60
ends up 0 60
has "$(cat down.log)" '^bytes=671089[0-9]{2} .*end=eof$'
has "$(cat up.log)" "bytes=67108864.x20sha=$(sed -n 's/.*sha=\([0-9a-f]*\).*/\1/p' up.log | head -n 1)"
now=$(rss_kb "$(pid_of httpredir)")
sanitized || { [ "$worst" -lt 20480 ] && [ "$now" -lt 20480 ]; } || fail "$worst KB, then $now KB"
