#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld: one key in several sessions, sessions that fall silent, and the end of the server: nobody is cut who may stay.
. "${0%/*}/lib.sh"

ID=$(login a)
visit() { by_hand visitor unix:visitors "$@"; }
# session NAME WORD...: a client in the background, once it is welcome
session() {
	local name="$1"; shift
	spawn "$name" python3 -SE "$TESTS/tunnel.py" client "$ADDR" a.key "$@"
	wait_for 5 grep -q ^welcome "$name.log" || fail "$name is not welcome: $(cat "$name.log")"
}
saw() { wait_for 5 grep -qE -e "$2" "$1.log" || fail "$1 saw no /$2/: $(cat "$1.log")"; }
launch() {
	hub -a auth "$@"
	ADDR=$TUNNEL
}
ONE='hello:{"instance":"11111111111111111111111111111111"}'
TWO='hello:{"instance":"22222222222222222222222222222222"}'
THREE='hello:{"instance":"33333333333333333333333333333333"}'
echo "$ID sessions=2" >auth
launch --heartbeat 0.2 --dead-after 0.6 --park 0

# The same instance takes the place of its old session, which is told.
session old "$ONE" get get end
session new "$ONE" get stream:new stream:new stream:new end
saw old '^error code=replaced text=.* after_ms=60000$'
saw old 'end=close_notify$'
same "got=new end=eof" "$(visit "header:$ID.tun.test,kind=tcp" send:x shut read)"
# Another one shares the load; a third has to wait.
session two "$TWO" get get end
session other "$TWO" get stream:two stream:two end
saw two 'code=replaced'
same "new two" "$(for _ in 1 2; do visit "header:$ID.tun.test,kind=tcp" send:x shut read; done | sed 's/got=//;s/ .*//' |
    sort | paste -sd ' ')"
out=$(by_hand client "$ADDR" a.key "$THREE" get end)
has "$out" '^error code=limit text=.* after_ms=60000$'
logged 'end=limit' tunneld
has "$(visit "header:$ID.tun.test,kind=tcp" send:x shut read)" '^got=(new|two) end=eof$'

# Both have been pinged meanwhile, and answered. One that does not is dead soon.
stop new
spawn mute python3 -SE "$TESTS/tunnel.py" client "$ADDR" a.key "$ONE" get sleep:20
saw mute '^welcome'
before=$(now_ms)
logged "client=$ID conn=[0-9]+ peer=.* session=down reason=\"silent: .*\"\$" tunneld
logged 'end=idle' tunneld
[ $(($(now_ms) - before)) -lt 3000 ] || fail "dead for too long"
stop other
stop mute
stop tunneld

# The end of the server: clients are told, those without visitors close at once, visitors may finish.
: >tunneld.log
launch -g 10 -v
session busy "$ONE" get stream:bye get end
visit "header:$ID.tun.test,kind=tcp" send:x wait:over shut read >visitor.log &
VISITOR=$!
logged 'conn=[0-9]+ HEADER -> JOINED' tunneld
session idle "$TWO" get get end
signal tunneld TERM
saw idle '^drain within_ms=1000$'
saw idle 'end=close_notify$'
logged_times 1 'hello=ok .* end=closed' tunneld
touch over
wait "$VISITOR" || :
same "got=bye end=eof" "$(cat visitor.log)"
saw busy '^drain within_ms=1000$'
saw busy 'end=close_notify$'
ends tunneld 0
