#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --local and --withdraw: the routers beside it find live names by its own socket; on TERM nobody is sent to it by
# name any more before anything else changes, so that names other nodes have go there.
. "${0%/*}/lib.sh"

named one
SERVER=$(key server.key)
exits 111 "$TUNNELD" -l 127.0.0.1:0 -i server.key --domain tun.test --visitors "unix:$T/visitors" --open --local run/local
has "$(cat err)" 'run/local cannot be written'
mkdir run
hub --clients run/live --advertise 192.0.2.7:18001 --local run/local --withdraw 1.5
tunnel client "tls=$(addr_of one)" http=127.0.0.1:1

here() { grep -qx "$ID.tun.test tls=pass:$T/visitors http=unix:$T/visitors proxy=v2" run/local; }
wait_for 5 here || fail "local names: $(cat run/local)"
exits 0 "$SNIROUTE" -c -r run/local
elsewhere() { grep -q "^$ID.tun.test tls=192.0.2.7:18001 http=192.0.2.7:18001 proxy=v2\$" run/live; }
wait_for 5 elsewhere || fail "live names: $(cat run/live)"
echo "*.tun.test tls=pass:$T/visitors http=unix:$T/visitors proxy=v2" >routes
start sniroute "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r run/local -r routes
ADDR=$READY
reaches() { client "$ADDR" timeout:5 "hello:$ID.tun.test" read | grep -q one; }
reaches || fail "not reached"

# Withdrawn, and served all the same, by the wildcard, until the time is over.
signal tunneld TERM
withdrawn() { [ "$(cat run/live run/local)" = "$(printf '%s\n' '#!routes sorted' '#!routes sorted')" ]; }
wait_for 1 withdrawn || fail "still there: $(cat run/live run/local)"
by_wildcard() { [ "$("$SNIROUTE" -r run/local -r routes -x "$ID.tun.test" | grep -c '^why: the longest wildcard')" = 1 ]; }
by_wildcard || fail "not by the wildcard: $("$SNIROUTE" -r run/local -r routes -x "$ID.tun.test")"
reaches || fail "not reached while it leaves"
logged 'leaving: draining begins in 1500 ms' tunneld
not_logged 'stopping' tunneld
ends tunneld 0 10
logged 'stopping' tunneld

# Who publishes nothing has nobody to tell; who is in a hurry says it twice.
hub -g 0
signal tunneld TERM
ends tunneld 0 1
hub --clients run/live --advertise 192.0.2.7:18001
signal tunneld TERM
wait_for 1 this_often 1 'begins in 2000 ms' tunneld || fail "not leaving"
signal tunneld TERM
ends tunneld 0 1

exits 100 "$TUNNELD" -i server.key --domain tun.test --visitors 127.0.0.1:0 --open --local run/local
