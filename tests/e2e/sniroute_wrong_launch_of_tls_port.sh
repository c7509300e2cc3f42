#!/bin/sh
# SPDX-License-Identifier: ISC
# TLS towards a port that speaks first, and the other way round, cannot hang: deadlines and ends pass through.
. "${0%/*}/lib.sh"

backend banner 'send:220 hi\r\n' shut read
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes

out=$(timeout 20 openssl s_client -connect "$ADDR" -servername www.example.org </dev/null 2>&1) || :
has "$out" 'wrong version number|no peer certificate'
logged 'hello=ok rx=[1-9][0-9]* tx=8 ms=[0-9]+ end=(closed|client-reset)$'
