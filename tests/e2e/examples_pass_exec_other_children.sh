#!/bin/sh
# SPDX-License-Identifier: ISC
# pass-exec: children it did not start, such as those of the shell it replaced, are not programs under way.
. "${0%/*}/lib.sh"

cat >with_a_child <<-'END'
	#!/bin/sh
	{ n=0; until [ -e go ] || [ $((n += 1)) = 600 ]; do sleep 0.1; done; } 9>&- &
	echo $! >child
	exec "$@"
END
chmod +x with_a_child
start pass-exec ./with_a_child "$ROOT/$BUILD/examples/pass-exec" -c 1 -n 9 "$T/cat.sock" cat
echo "127.0.0.1:0 tcp=pass:$T/cat.sock" >routes
serve -r routes
touch go
wait_for 5 test ! -d "/proc/$(cat child)" || fail "the shell's child is left a zombie"

# -c 1 holds as before: one is served, the next one when that has ended.
has "$(client "$ADDR" timeout:5 send:first. recv:6)" '^got=first\.$'
spawn_peer one client "$ADDR" send:one. recv:4 touch:served wait:end shut read
wait_for 5 test -e served || fail "not served"
spawn_peer two client "$ADDR" send:two. recv:4 touch:served2 shut read
wait_for 5 has_lines 3 'target=pass:' sniroute || fail "not handed over"
[ ! -e served2 ] || fail "-c 1 lets two in"
touch end
ends one 0
ends two 0
logged_times 3 '^pass-exec: info: pid=[0-9]+ exit=0$' pass-exec
