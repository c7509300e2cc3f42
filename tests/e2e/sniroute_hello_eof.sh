#!/bin/sh
# SPDX-License-Identifier: ISC
# A client that ends before its hello does is closed without a byte.
. "${0%/*}/lib.sh"

backend back read
echo "* tls=$READY tcp=$READY" >routes
serve -l 127.0.0.1:0 -r routes

same "got= end=eof" "$(client "$ADDR" shut read)"
same "got= end=eof" "$(client "$ADDR" hex:16 shut read)"
same "got= end=eof" "$(client "$ADDR" hello:www.example.org,cut=1 shut read)"
client "$ADDR" close
logged_times 4 'name=- route=- target=- hello=eof rx=[0-9]+ tx=0 ms=[0-9]+ end=hello$'
client "$ADDR" hex:1603 rst
logged 'conn=5 .* end=client-reset$'
[ ! -s back.log ] || fail "a backend was reached"
