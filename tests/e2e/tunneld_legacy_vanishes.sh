#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --legacy: a client of the first generation whose machine is gone without a word is noticed by its silence, though its
# visitor goes on sending.
. "${0%/*}/lib.sh"
own_network

ip addr add 192.0.2.1/32 dev lo
ip addr add 192.0.2.2/32 dev lo
echo "secret=sha256:$(printf s3cret | sha256sum | cut -d ' ' -f 1) names=old.test" >auth
hub -a auth --legacy 192.0.2.1:0 --heartbeat 0.5 --dead-after 1
spawn_peer service client "${READY##* }" from:192.0.2.2 hex:11110006733363726574 until:began touch:there read
logged 'session=up' tunneld
spawn_peer visitor client "unix:$T/visitors" visitor:old.test,kind=tcp send:began wait:gone pieces:1:0.05 flood:20 read
wait_for 5 test -e there
ip addr del 192.0.2.2/32 dev lo
touch gone
ends visitor 0 10
has "$(cat visitor.log)" 'end=reset$'
logged 'name=old.test .* hello=ok .* end=client-reset$' tunneld
