#!/bin/sh
# SPDX-License-Identifier: ISC
# A target that does not answer costs --connect-timeout, then the next is tried; with none left the client gets alert 80.
. "${0%/*}/lib.sh"

start_peer full full 127.0.0.1:0
named b
cat >routes <<-END
	two.example.org  tls=$(addr_of full),$READY balance=first
	one.example.org  tls=$(addr_of full)
END
serve -l 127.0.0.1:0 -r routes --connect-timeout 0.7

begin=$(now_ms)
same "got=b end=eof" "$(ask "$ADDR" two.example.org)"
ms=$(($(now_ms) - begin))
[ $ms -ge 650 ] && [ $ms -lt 5000 ] || fail "served after $ms ms"
begin=$(now_ms)
refuses one.example.org 80
ms=$(($(now_ms) - begin))
[ $ms -ge 650 ] && [ $ms -lt 5000 ] || fail "refused after $ms ms"
