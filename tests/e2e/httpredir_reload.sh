#!/bin/sh
# SPDX-License-Identifier: ISC
# A changed routes file counts from the next request on, on kept-alive connections as well.
. "${0%/*}/lib.sh"

web one; one=$READY
echo 'a.test tls=127.0.0.1:1' >routes
front -l 127.0.0.1:0 -r routes
spawn client python3 -SE "$TESTS/peer.py" client "$ADDR" 'send:GET / HTTP/1.1\r\nHost: a.test\r\n\r\n' 'until:\r\n\r\n' \
    touch:first wait:go 'send:GET /body HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n' read
wait_for 5 test -e first || fail "no first answer"
echo "a.test http=$one" >new && mv new routes
signal httpredir HUP
changed() { get /body | grep -q bytes=0; }
wait_for 5 changed || fail "the new file is not in use"
touch go
ends client 0
has "$(cat client.log)" 'bytes=0'
echo 'a.test http=nonsense' >routes
logged 'routes:1: ' httpredir
has "$(get /body)" 'bytes=0'
