#!/bin/sh
# SPDX-License-Identifier: ISC
# When one direction has ended, the other may be silent for --half-close-timeout; while bytes move it stays.
. "${0%/*}/lib.sh"

backend silent sleep:8
backend trickle pieces:1:0.6 send:abcdef shut read
cat >routes <<-END
	trickle.example.org  tls=$READY
	*                    tls=$(addr_of silent)
END
serve -l 127.0.0.1:0 -r routes --half-close-timeout 1.2

begin=$(now_ms)
has "$(client "$ADDR" hello:www.example.org shut read)" '^got= end=(eof|reset)$'
ms=$(($(now_ms) - begin))
[ $ms -ge 1100 ] && [ $ms -lt 5000 ] || fail "ended after $ms ms"
logged 'conn=1 .* end=half-close$'
same "got=abcdef end=eof" "$(client "$ADDR" hello:trickle.example.org shut read)"
logged 'conn=2 .* end=closed$'
