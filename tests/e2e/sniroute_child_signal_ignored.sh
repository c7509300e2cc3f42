#!/bin/sh
# SPDX-License-Identifier: ISC
# Started by somebody who ignores SIGCHLD, as some supervisors do: dead workers are replaced, TERM ends all, and a check
# tells what its child found.
# shellcheck disable=SC2086
. "${0%/*}/lib.sh"

cat >ignoring.py <<-'END'
	import os, signal, sys
	signal.signal(signal.SIGCHLD, signal.SIG_IGN)
	os.execv(sys.argv[1], sys.argv[1:])
END
ignoring="python3 -SE $T/ignoring.py"

[ "$(id -u)" != 0 ] || {
	chmod 755 .
	echo '* tls=127.0.0.1:9' >closed
	chmod 600 closed
	exits 100 $ignoring "$SNIROUTE" -c -r closed -u nobody
	chmod 644 closed
	exits 0 $ignoring "$SNIROUTE" -c -r closed -u nobody
}

start sniroute $ignoring "$SNIROUTE" -n 9 -l 127.0.0.1:0 -t 127.0.0.1:9 -j 2 -g 1
workers() { pgrep -P "$(pid_of sniroute)" | tr '\n' ' '; }
two() { [ "$(workers | wc -w)" = 2 ]; }
wait_for 5 two || fail "workers: $(workers)"
first=$(workers)
kill -9 "${first%% *}"
replaced() { two && [ "$(workers)" != "$first" ]; }
wait_for 5 replaced || fail "not replaced: $(workers)"
stop sniroute
