#!/bin/sh
# SPDX-License-Identifier: ISC
# A hello not whole in time is closed without a byte; trickling does not extend the time, silence never reaches tcp=.
. "${0%/*}/lib.sh"

backend back read
echo "* tls=$READY tcp=$READY" >routes
serve -l 127.0.0.1:0 -r routes --hello-timeout 1

begin=$(now_ms)
same "got= end=eof" "$(client "$ADDR" read)" "a silent client"
ms=$(($(now_ms) - begin))
[ $ms -ge 950 ] && [ $ms -lt 4000 ] || fail "closed after $ms ms"
has "$(client "$ADDR" hex:16 read)" '^got= end=(eof|reset)$'
has "$(client "$ADDR" hex:160301 read)" '^got= end=(eof|reset)$'
has "$(client "$ADDR" hello:www.example.org,cut=1 read)" '^got= end=(eof|reset)$'
out=$(client "$ADDR" pieces:1:0.1 hello:www.example.org read)
lacks "$out" 'got=[^ ]'
logged 'name=- route=- target=- hello=timeout rx=0 tx=0 ms=[0-9]+ end=hello$'
logged_times 5 'hello=timeout .*end=hello'
[ ! -s back.log ] || fail "a backend was reached"
