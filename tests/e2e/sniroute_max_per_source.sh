#!/bin/sh
# SPDX-License-Identifier: ISC
# Over --max-per-source a client's next connection is closed without a byte; other sources, and it later, are served.
. "${0%/*}/lib.sh"

backend back send:hi read
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -l '[::1]:0' -r routes --max-per-source 2 -m "unix:$T/metrics"

for i in 1 2; do
	spawn_peer c$i client "$ADDR" hello:www.example.org recv:2 touch:got$i wait:go shut read
done
wait_for 5 test -e got1 -a -e got2
for i in 1 2 3 4 5 6; do
	has "$(client "$ADDR" read)" '^got= end=(eof|reset)$'
done
same "got=hi end=eof" "$(client "$ADDR" from:127.0.0.2 hello:www.example.org shut read)"
same "got=hi end=eof" "$(ask "${READY#* }" www.example.org)"
logged '127\.0\.0\.1'
[ "$(grep -c 'sniroute: warn.*source' sniroute.log)" -le 3 ] || fail "logged more than once a second"
has "$(curl -sS --unix-socket metrics http://localhost/metrics)" '^sniroute_[a-z_]*source[a-z_]*(\{.*\})? 6$|source[^ ]* 6$'
touch go
ends c1 0
ends c2 0
again() { [ "$(client "$ADDR" hello:www.example.org shut read)" = "got=hi end=eof" ]; }
wait_for 5 again || fail "not served when its connections have ended"
