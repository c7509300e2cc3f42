#!/bin/sh
# SPDX-License-Identifier: ISC
# Ancestors' clients with one secret: they share its visitors up to sessions=, one more is hung up on, a dead one is
# forgotten.
. "${0%/*}/lib.sh"

key server.key >/dev/null
hash_of() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }
printf '%s\n' "secret=sha256:$(hash_of s3cret) names=old.test sessions=2" >auth
hub -a auth --legacy 127.0.0.1:0 --park 0 --visitors 127.0.0.1:0 -m "unix:$T/metrics"
LEGACY=${READY##* }
VISITORS=${READY% *}
VISITORS=${VISITORS##* }
base=$(fds tunneld)
RAW=hex:11110006733363726574
see() { client "$VISITORS" visitor:old.test,kind=tcp "$@"; }
up() { logged_times "$1" 'client=secret conn=[0-9]+ peer=.* session=up name=old.test ' tunneld; }
hung_up_on() { # WORD...: a client that is not taken: closed, without a byte
	has "$(client "$LEGACY" "$@" timeout:5 read)" '^got= end=(eof|reset)$'
}

# The first generation: two wait, each serves one visitor, a third has no place until one is gone.
spawn_peer one client "$LEGACY" $RAW until:ping send:one shut read
up 1
spawn_peer two client "$LEGACY" $RAW until:ping send:two shut read
up 2
hung_up_on $RAW
logged 'client=secret conn=[0-9]+ peer=.* session=refused reason="limit: ' tunneld
same "got=one end=eof got=two end=eof" "$(for _ in 1 2; do see send:ping shut read; done | sort | paste -sd ' ')"
ends one 0
ends two 0
same "got=ping got= end=eof" "$(paste -sd ' ' one.log)"
metric_is 0 tunneld_sessions
same "got= end=reset" "$(see read)"

# One is killed while it waits, one with its visitor: both are forgotten at once.
spawn_peer three client "$LEGACY" $RAW read
up 3
killed three
metric_is 0 tunneld_sessions
spawn_peer four client "$LEGACY" $RAW until:ping read
up 4
spawn_peer victim client "$VISITORS" visitor:old.test,kind=tcp send:ping touch:there read
wait_for 5 grep -q ping four.log || fail "no visitor"
killed four
ends victim 0
has "$(cat victim.log)" '^got= end=(eof|reset)$'
metric_is 0 tunneld_sessions
fds_back "$base" tunneld

# The second generation: each has any number of visitors, who are shared out; byte for byte as of old.
LOGIN='frame:1:1:1:0 raw:\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0a\x11\x11\x00\x06s3cret frame:1:4:1:0'
second() { # NAME: answers each of its visitors with its name
	# shellcheck disable=SC2086 # words are wanted
	spawn "$1" python3 -SE "$TESTS/tunnel.py" plain "$LEGACY" $LOGIN "plain:$1" "plain:$1" "plain:$1" "plain:$1" end
}
second five
up 5
second six
up 6
# shellcheck disable=SC2086
has "$(timeout 9 python3 -SE "$TESTS/tunnel.py" plain "$LEGACY" $LOGIN timeout:5 end)" 'end=(close_notify|eof|reset)$'
hung_up_on $RAW
logged_times 3 'client=secret conn=[0-9]+ peer=.* session=refused reason="limit: ' tunneld
for i in 1 2; do spawn_peer "held$i" client "$VISITORS" visitor:old.test,kind=tcp recv:3 wait:over shut; done
for i in 1 2; do wait_for 5 grep -qE '^got=(fiv|six)' "held$i.log" || fail "no answer"; done
has "$(see send:ping shut read)" '^got=(five|six) end=eof$'
killed five
metric_is 1 tunneld_sessions
has "$(see send:ping shut read)" '^got=six end=eof$'
touch over
stop six
metric_is 0 tunneld_sessions

# A secret nobody has, and what begins otherwise.
hung_up_on hex:11110006733363726575
hung_up_on hex:111100057333637265
hung_up_on hex:1603010000
fds_back "$base" tunneld
lacks "$(cat tunneld.log)" 's3cret|733363726574'
lacks "$(tr '\0' ' ' <"/proc/$(pid_of tunneld)/cmdline")$(tr '\0' ' ' <"/proc/$(pid_of tunneld)/environ")" 's3cret'
