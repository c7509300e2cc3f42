#!/bin/sh
# SPDX-License-Identifier: ISC
# A reset of either end arrives at the other as a reset: in the hello, while dialling, in the relay, after a half-close.
. "${0%/*}/lib.sh"

backend back until:abc send:k read
backend resets until:abc rst
start_peer full full 127.0.0.1:0
cat >routes <<-END
	back.example.org    tls=$(addr_of back)
	resets.example.org  tls=$(addr_of resets)
	full.example.org    tls=$(addr_of full)
END
serve -l 127.0.0.1:0 -r routes --connect-timeout 20

same "got=k" "$(client "$ADDR" hello:back.example.org send:abc recv:1 rst)"
logged '^1 got= end=reset$' back
logged 'conn=1 .* hello=ok .* end=client-reset$'
same "got=k" "$(client "$ADDR" hello:back.example.org send:abc shut recv:1 rst)"
logged 'conn=2 .* end=(client-reset|closed)$'
same "got= end=reset" "$(client "$ADDR" hello:resets.example.org send:abc read)"
logged 'conn=3 .* end=target-reset$'
same "got= end=reset" "$(client "$ADDR" hello:resets.example.org send:abc shut read)"
logged 'conn=4 .* end=target-reset$'
client "$ADDR" hello:full.example.org sleep:0.5 rst
logged 'conn=5 .* end=client-reset$'
client "$ADDR" hex:1603 sleep:0.3 rst
logged 'conn=6 .* end=client-reset$'
