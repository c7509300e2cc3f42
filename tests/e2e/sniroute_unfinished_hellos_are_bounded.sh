#!/bin/sh
# SPDX-License-Identifier: ISC
# What all unfinished hellos hold together is bounded, and beyond that a client whose hello comes whole is still served.
. "${0%/*}/lib.sh"

[ "$(ulimit -n)" -ge 4000 ] || skip "fewer than 4000 descriptors"
named a
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes --hello-timeout 30 --hello-max 65536 --max-per-source 0
pid=$(pid_of sniroute)
before=$(rss_kb "$pid")

start_peer herd herd 1500 stop "$ADDR" hello:www.example.org,pad=65300,cut=1
logged 'hello=- .* end=limit$'
answers www.example.org a || fail "a client in one piece is not served"
grew=$(($(rss_kb "$pid") - before))
sanitized || [ $grew -lt 73000 ] || fail "$grew KB"
touch stop
