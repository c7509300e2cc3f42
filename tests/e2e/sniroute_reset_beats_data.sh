#!/bin/sh
# SPDX-License-Identifier: ISC
# A client's reset ends a connection even while the other end is sending to it, and the sender gets the reset.
. "${0%/*}/lib.sh"

backend back until:abc data:64m
echo "* tls=$READY" >routes
serve -l 127.0.0.1:0 -r routes

client "$ADDR" hello:www.example.org send:abc recv:1000 rst >/dev/null
logged '^1 failed=(Connection-reset-by-peer|Broken-pipe)' back
logged 'hello=ok .* end=client-reset$'
