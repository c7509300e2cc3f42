#!/bin/sh
# SPDX-License-Identifier: ISC
# When the receiver of one pass: target is away the next target takes the connection, with no byte lost.
. "${0%/*}/lib.sh"

start_peer tunneld receiver "unix:$T/visitors" send:passed save:seen
named a
cat >routes <<-END
	two.example.org    tls=pass:$T/away,pass:$T/visitors balance=first
	relay.example.org  tls=pass:$T/away,$(addr_of a) balance=first
END
serve -l 127.0.0.1:0 -r routes

same "got=passed end=eof" "$(client "$ADDR" hello:two.example.org send:more shut read)"
{ peer hello two.example.org; printf more; } >want
wait_for 5 cmp want seen || cmp want seen
answers relay.example.org a || fail "no failover from pass: to an address"
