#!/bin/sh
# SPDX-License-Identifier: ISC
# Either side stops: visitors finish, newcomers go elsewhere, a second signal or the end of the grace cuts.
. "${0%/*}/lib.sh"

backend echo echo && ECHO=$READY
at=127.0.0.1:$(free_port)
key c.key >/dev/null
hub -l "$at" --park 0

# TERM to the client: who is there goes on, a newcomer is told that nobody is, the end comes with the last visitor.
tunnel c "tcp=$ECHO" "http=$ECHO"
exits 0 "$TUNNELC" -i c.key --ready
hand_over "$ID.tun.test,kind=tcp" send:one recv:3 touch:began wait:more send:two recv:3 shut read >one.out &
visitor=$!
wait_for 5 test -e began
signal c TERM
logged 'stopping: 1 visitor has 30 s to finish' c
exits 111 "$TUNNELC" -i c.key --ready
has "$(cat err)" 'nobody is there: .* or it stops'
has "$(visit "$ID.tun.test,kind=http" 'send:GET / HTTP/1.1\r\nHost: x\r\n\r\n' timeout:10 read)" 'x20503.*Tunnel-Error:\\x20offline'
alive "$(pid_of c)" || fail "it did not wait for its visitor"
touch more
wait $visitor
same "got=one got=two got= end=eof" "$(paste -sd " " one.out)"
ends c 0
logged 'rx=6 tx=6 .* end=closed' c

# The grace is over: the visitor is cut and its line says so.
rm -f began more c.log
tunnel c "tcp=$ECHO" -g 0.5
hand_over "$ID.tun.test,kind=tcp" send:one recv:3 touch:began read >two.out &
visitor=$!
wait_for 5 test -e began
signal c TERM
ends c 0
wait $visitor
same "got=one got= end=reset" "$(paste -sd " " two.out)"
logged 'rx=3 tx=3 .* end=drain' c

# A second signal does not wait.
rm -f began c.log
tunnel c "tcp=$ECHO"
hand_over "$ID.tun.test,kind=tcp" send:one recv:3 touch:began read >three.out &
visitor=$!
wait_for 5 test -e began
signal c INT
logged 'stopping: 1 visitor ' c
signal c TERM
ends c 0
wait $visitor
same "got=one got= end=reset" "$(paste -sd " " three.out)"

# The server stops: the client leaves at once for the next one, and its visitor finishes beside that.
rm -f began more c.log
tunnel c "tcp=$ECHO"
hand_over "$ID.tun.test,kind=tcp" send:one recv:3 touch:began wait:more send:two recv:3 shut read >four.out &
visitor=$!
wait_for 5 test -e began
old=$(pid_of tunneld)
kill "$old"
logged "info: server=$at link=draining visitors=1 retry_ms=" c
forget tunneld
hub -l "$at" --park 0
wait_for 20 has_lines 2 'link=up' c || fail "no second link"
alive "$old" || fail "the old server did not wait"
same "got=hello end=eof" "$(visit "$ID.tun.test,kind=tcp" send:hello shut read)"
touch more
wait $visitor
same "got=one got=two got= end=eof" "$(paste -sd " " four.out)"
wait_for 5 gone "$old" || fail "the old server does not end"
not_logged 'link=down reason="[a-z]' c		# but for a port nobody listens on yet
same "got=hello end=eof" "$(visit "$ID.tun.test,kind=tcp" send:hello shut read)"
