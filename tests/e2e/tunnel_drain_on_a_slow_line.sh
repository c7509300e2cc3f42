#!/bin/sh
# SPDX-License-Identifier: ISC
# Either end is told to stop while the last visitor's bytes are under way, on a line slower than who sends them: it has all of them.
. "${0%/*}/lib.sh"

backend answers read data:3m shut
backend hears send:go shut sum
ID=$(key c.key)
echo "$ID names=*.test" >auth

# last NAME TOOL WORD...: such a visitor, behind whose first byte TOOL gets TERM
last() {
	local name="$1" tool="$2"; shift 2
	rm -f there told
	hub -a auth
	start line python3 -SE "$TESTS/tunnel_slow_line.py" "$TUNNEL" 3e6
	tunnel c -s "$READY" "tcp:answers.test=$(addr_of answers)" "tcp:hears.test=$(addr_of hears)"
	spawn_peer visitor client "unix:$T/visitors" "pass:$name.test,kind=tcp" "$@"
	wait_for 20 test -e there || fail "no visitor there"
	signal "$tool" TERM
	logged 'stopping: ' "$tool"
	touch told
	ends visitor 0 20
	ends "$tool" 0 20
	case $tool in
	c) stop tunneld ;;
	*) stop c ;;
	esac
	stop line
}

turn=0
for tool in c tunneld; do
	turn=$((turn + 1))
	# The visitor has ended its direction, and the answer is under way.
	rm -f visitor.log
	last answers "$tool" send:? shut skip:1 touch:there wait:told sum
	has "$(cat visitor.log)" '^bytes=3145727 .* end=eof$'
	# The service has ended its direction, and what the visitor sends is under way.
	last hears "$tool" read touch:there wait:told data:3m shut
	logged_times $turn '^[0-9]+ bytes=3145728 .* end=eof$' hears
	not_logged 'link=parting' c
	rm -f c.log tunneld.log
done
