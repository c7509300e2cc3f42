#!/bin/sh
# SPDX-License-Identifier: ISC
# What clients say reaches the log only quoted and escaped.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes -v
statuses 'send:GET /\x1b[2J HTTP/1.1\r\nHost: a.test\r\n\r\n' >/dev/null
statuses 'send:GET / HTTP/1.1\r\nHost: a\x0bb.test\r\n\r\n' >/dev/null
statuses 'send:GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n' >/dev/null
statuses 'send:GET /x HTTP/1.1\r\nHost: UNKNOWN.test:8\r\nConnection: close\r\n\r\n' >/dev/null
logged 'name=unknown\.test ' httpredir
logged_times 3 'hello=malformed' httpredir
! LC_ALL=C grep -qP '[^\x20-\x7e\t]' httpredir.log || fail "raw bytes in the log"
# the debug line, too
statuses 'send:GET /a?x=1 HTTP/1.0\r\n\r\n' >/dev/null
logged 'debug: conn=5 method=GET name=- target="/a\?x=1"$' httpredir
statuses "send:GET /$(printf '%03000d' 7) HTTP/1.1\r\nHost: a.test\r\n\r\n" >/dev/null
logged 'debug: conn=6 method=GET name=a.test target=/0{20,}' httpredir
[ -z "$(awk 'length > 1000' httpredir.log)" ] || fail "a long value is not cut: $(awk 'length > 1000' httpredir.log)"
