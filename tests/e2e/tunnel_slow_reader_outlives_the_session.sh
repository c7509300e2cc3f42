#!/bin/sh
# SPDX-License-Identifier: ISC
# Both ends of a visit have said all they had to say, and the far side of the tunnel stops: who reads slowly still gets all of it.
. "${0%/*}/lib.sh"

# over unix sockets: little waits in their buffers
backend answers read data:400k shut
start_peer hears server "unix:$T/hears" send:go shut touch:there wait:told sum
ID=$(key c.key)
echo "$ID names=*.test" >auth

# last NAME FAR NEAR WORD...: such a visit. For FAR it is over, for NEAR it is not; FAR is stopped
last() {
	local name="$1" far="$2" near="$3"; shift 3
	rm -f there told c.log tunneld.log
	hub -a auth
	tunnel c "tcp:answers.test=$(addr_of answers)" "tcp:hears.test=unix:$T/hears"
	spawn_peer visitor client "unix:$T/visitors" "visitor:$name.test,kind=tcp" "$@"
	wait_for 20 test -e there || fail "no visitor there"
	logged ' end=closed$' "$far"
	not_logged ' end=closed$' "$near"
	stop "$far"
}

last answers c tunneld send:? shut skip:1 touch:there wait:told sum
touch told
ends visitor 0 20
has "$(cat visitor.log)" '^bytes=409599 .* end=eof$'
logged ' end=closed$' tunneld
stop tunneld

last hears tunneld c read data:400k shut
ends visitor 0 20
touch told
logged '^[0-9]+ bytes=409600 .* end=eof$' hears
logged ' end=closed$' c
