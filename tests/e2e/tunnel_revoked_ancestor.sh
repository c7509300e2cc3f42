#!/bin/sh
# SPDX-License-Identifier: ISC
# A client of the first generation, whose connection is its visitor's, loses its line while that is under way: both see a reset, not
# an end that looks like one in order.
. "${0%/*}/lib.sh"

HASH=$(printf s3cret | sha256sum | cut -d ' ' -f 1)
echo "secret=sha256:$HASH names=old.test" >auth
hub -a auth --legacy 127.0.0.1:0 --park 0
LEGACY=${READY##* }

# served WORD...: the client's end, with a visitor who has said ping and heard pong
served() {
	rm -f here
	spawn_peer old client "$LEGACY" hex:11110006733363726574 until:ping send:pong "$@"
	wait_for 10 has_lines 1 'client=secret ' tunneld
	spawn_peer visitor client "unix:$T/visitors" pass:old.test,kind=tcp send:ping recv:4 touch:here read
	wait_for 10 test -e here || fail "no answer"
}

served read
echo "# nobody" >auth.new
mv auth.new auth
ends old 0
ends visitor 0
same 'got=ping got= end=reset' "$(paste -sd ' ' old.log)" "the client"
same 'got=pong got= end=reset' "$(paste -sd ' ' visitor.log)" "the visitor"
logged 'name=old.test .* hello=ok .* end=denied$' tunneld
logged 'name=old.test .* hello=- .* end=target-reset$' tunneld
stop tunneld
rm -f ./*.log

# The same at the end of the grace, and by a timer.
echo "secret=sha256:$HASH names=old.test" >auth
hub -a auth --legacy 127.0.0.1:0 --park 0 --idle-timeout 2
LEGACY=${READY##* }
served read
ends old 0
ends visitor 0
same 'got=ping got= end=reset' "$(paste -sd ' ' old.log)" "the client, idle"
same 'got=pong got= end=reset' "$(paste -sd ' ' visitor.log)" "the visitor, idle"
stop tunneld
rm -f ./*.log
hub -a auth --legacy 127.0.0.1:0 --park 0 --grace 0.5
LEGACY=${READY##* }
served read
signal tunneld TERM
ends tunneld 0
ends old 0
ends visitor 0
same 'got=ping got= end=reset' "$(paste -sd ' ' old.log)" "the client, drained"
same 'got=pong got= end=reset' "$(paste -sd ' ' visitor.log)" "the visitor, drained"
