#!/bin/sh
# SPDX-License-Identifier: ISC
# -j whose workers can't be forked at start is not ready: it says why and exits 111. Later it says so once, and serves with the others.
. "${0%/*}/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root, to drop it"
sanitized && skip "the leak checker needs a process of its own"
echo '* tls=127.0.0.1:1' >routes
chmod 711 "$T"
exits 111 timeout 10 prlimit --nproc=1 "$SNIROUTE" -l 127.0.0.1:0 -r "$T/routes" -u nobody -j 2
has "$(cat err)" '^sniroute: error: worker: fork: Resource temporarily unavailable$'
has "$(cat err)" '^sniroute: error: no worker could be started$'
grep -q 'ready on' err && fail "it says that it is ready"

# Later the others go on without the one that can't be replaced, which is said once and tried until it can.
serve -l 127.0.0.1:0 -r "$T/routes" -u nobody -j 2
parent=$(pid_of sniroute)
workers() { pgrep -P "$parent" | wc -l; }
# limit N: from now on nobody may have N processes
limit() { setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups prlimit --pid "$parent" --nproc="$1:"; }
are() { [ "$(workers)" = "$1" ]; }
wait_for 5 are 2 || fail "$(workers) workers"
limit 1
kill -9 "$(pgrep -P "$parent" | head -n 1)"
logged 'error: worker: fork: Resource temporarily unavailable$'
sleep 1.2			# at least one more try
logged_times 1 'worker: fork:'
limit "$(prlimit -u -o HARD --noheadings | tr -d " ")"
wait_for 5 are 2 || fail "not replaced: $(workers) workers"
