#!/bin/sh
# SPDX-License-Identifier: ISC
# A connection on which nothing moves for --idle-timeout ends, in a reset of both ends; bytes of either direction keep it.
. "${0%/*}/lib.sh"

backend back echo
backend quiet read
cat >routes <<-END
	quiet.example.org  tls=$READY
	*                  tls=$(addr_of back)
END
serve -l 127.0.0.1:0 -r routes --idle-timeout 1.5

begin=$(now_ms)
out=$(client "$ADDR" hello:quiet.example.org read)
ms=$(($(now_ms) - begin))
has "$out" 'end=reset$'
logged 'end=reset$' quiet
[ $ms -ge 1400 ] && [ $ms -lt 5000 ] || fail "ended after $ms ms"
logged 'conn=1 .*hello=ok rx=[0-9]+ tx=[0-9]+ ms=[0-9]+ end=idle$'
out=$(client "$ADDR" hello:www.example.org pieces:1:0.7 send:abcdef shut read)
has "$out" 'abcdef end=eof$'
logged 'conn=2 .* ms=[4-7][0-9]{3} end=closed$'
