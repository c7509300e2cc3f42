#!/bin/sh
# SPDX-License-Identifier: ISC
# A missing or broken PROXY header is closed without a byte and reaches no backend.
. "${0%/*}/lib.sh"

backend back read
echo "* tls=$READY tcp=$READY" >routes
serve -l 127.0.0.1:0 -r routes --accept-proxy --hello-timeout 1

while read -r what words; do
	# shellcheck disable=SC2086 # words are wanted
	has "$what: $(client "$ADDR" $words hello:www.example.org read | tail -n 1)" "^$what: got= end=(eof|reset)$"
done <<-END
	missing               sleep:0
	v1-bad-port           send:PROXY\x20TCP4\x20192.0.2.7\x20192.0.2.8\x2070000\x20443\r\n
	v1-bad-address        send:PROXY\x20TCP4\x20192.0.2.777\x20192.0.2.8\x207\x20443\r\n
	v1-wrong-family       send:PROXY\x20TCP6\x20192.0.2.7\x20192.0.2.8\x207\x20443\r\n
	v1-too-long           send:PROXY\x20UNKNOWN\x20$(printf '%0100d' 0)\r\n
	v1-no-end             send:PROXY\x20TCP4\x20192.0.2.7
	v2-bad-command        hex:0d0a0d0a000d0a515549540a22110000
	v2-bad-version        hex:0d0a0d0a000d0a515549540a11110000
	v2-short-addresses    hex:0d0a0d0a000d0a515549540a211100080102030401020304
	v2-tlv-past-the-end   hex:0d0a0d0a000d0a515549540a2111000f010203040102030400010002020004
	v2-too-long           hex:0d0a0d0a000d0a515549540a2111ffff
END
has "$(client "$ADDR" 'send:PROXY TCP4' read)" '^got= end=(eof|reset)$'	# and then silence
has "$(client "$ADDR" 'send:PROXY TCP4' shut read)" '^got= end=(eof|reset)$'
[ ! -s back.log ] || fail "a backend was reached"
logged_times 13 'name=- route=- target=- hello=.* tx=0 .*end=hello$'
