#!/bin/sh
# SPDX-License-Identifier: ISC
# deny and allow give 403, on redirects too; max counts requests under way and gives 503 with Retry-After.
. "${0%/*}/lib.sh"

web one
cat >routes <<-END
	a.test http=$READY deny=127.0.0.1
	b.test tls=127.0.0.1:1 allow=192.0.2.1
	c.test http=$READY max=1
	* http=$READY
END
front -l 127.0.0.1:0 -r routes
has "$(HOST=a.test get /)" '^HTTP/1.1 403 Forbidden'
has "$(HOST=b.test get /)" '^HTTP/1.1 403 '
spawn slow curl -sS --max-time 20 --connect-to "::$ADDR" http://c.test/sleep/1
logged 'GET /sleep' one
answer=$(HOST=c.test get /)
has "$answer" '^HTTP/1.1 503 '
has "$answer" '^Retry-After: [0-9]+'
ends slow 0
has "$(cat slow.log)" slept
has "$(HOST=c.test get /)" '^HTTP/1.1 200 '
logged 'name=a\.test route=a\.test .*end=denied$' httpredir
logged 'name=c\.test .*end=limit$' httpredir
