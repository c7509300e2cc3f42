#!/bin/sh
# SPDX-License-Identifier: ISC
# A listening address that cannot be bound is logged and tried again until it can; the rest of the file is used meanwhile.
. "${0%/*}/lib.sh"

named a
named b
start_peer taken server 127.0.0.1:0 send:taken shut read
p=${READY##*:}
echo "www.example.org tls=$(addr_of a)" >routes
serve -l 127.0.0.1:0 -r routes

printf '%s\n' "www.example.org tls=$(addr_of b)" "127.0.0.1:$p tcp=$(addr_of a)" >new
mv new routes
wait_for 4 answers www.example.org b || fail "the new file is not used"
logged "127\.0\.0\.1:$p"
[ "$(count "127\.0\.0\.1:$p")" -lt 4 ] || fail "logged again and again"
stop taken
serves() { [ "$(client 127.0.0.1:"$p" shut read)" = "got=a end=eof" ]; }
wait_for 20 serves || fail "not bound when the port was free"
