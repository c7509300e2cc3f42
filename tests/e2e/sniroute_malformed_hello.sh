#!/bin/sh
# SPDX-License-Identifier: ISC
# A broken hello is refused with alert 50 even with a "*", and never reaches a backend.
. "${0%/*}/lib.sh"

backend back read
echo "* tls=$READY tcp=$READY" >routes
serve -l 127.0.0.1:0 -r routes

sni=000000080006000003612e62	# an SNI extension for "a.b"
n=0
while read -r what words; do
	[ -n "$what" ] || continue
	n=$((n + 1))
	# shellcheck disable=SC2086 # words are wanted
	has "$what: $(client "$ADDR" $words alert)" "^$what: alert=50 version=030[0-3] end=eof$"
	logged "conn=$n .*name=[^ ]+ route=- target=- hello=malformed rx=[0-9]+ tx=7 ms=[0-9]+ end=hello$"
done <<END
record-over-16384	hex:1603014001
not-a-hello		hex:160301000402000000
no-handshake-record	hex:160301000401000020 hex:1503010002012a
repeated-sni		hello:www.example.org,ext=$sni
repeated-alpn		hello:www.example.org,alpn=h2,ext=001000050003026832
second-host-name	hello:x,nosni,ext=0000000e000c000003612e62000003632e64
empty-name		hello:
trailing-byte		hello:www.example.org,ext=ff
short-extension		hello:www.example.org,ext=00170005
empty-alpn-list		hello:www.example.org,ext=001000020000
empty-alpn-name		hello:www.example.org,ext=00100003000100
END
wait_for 1 test -s back.log && fail "a backend was reached"
:
