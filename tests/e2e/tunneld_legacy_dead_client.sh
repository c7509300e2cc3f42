#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --legacy: a client of the first generation, which never says anything by itself, does not outlive its host.
. "${0%/*}/lib.sh"
own_network

echo "secret=sha256:$(printf s3cret | sha256sum | cut -d ' ' -f 1) names=old.test" >auth
ip addr add 10.9.9.9/32 dev lo
hub -a auth \
    --legacy 127.0.0.1:0 --heartbeat 1 --dead-after 3
spawn_peer silent client "${READY##* }" from:10.9.9.9 hex:11110006733363726574 timeout:60 read
logged 'client=secret .* session=up ' tunneld
sleep 4		# alive: its kernel answers
not_logged 'end=' tunneld
ip addr del 10.9.9.9/32 dev lo
wait_for 10 grep -q 'name=old.test .* hello=ok .* end=client-reset' tunneld.log || fail "it stays: $(cat tunneld.log)"
