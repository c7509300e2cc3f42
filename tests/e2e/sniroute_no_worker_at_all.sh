#!/bin/sh
# SPDX-License-Identifier: ISC
# -j whose workers can't be forked at start is not ready: it says why and exits 111.
. "${0%/*}/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root, to drop it"
sanitized && skip "the leak checker needs a process of its own"
echo '* tls=127.0.0.1:1' >routes
chmod 711 "$T"
exits 111 timeout 10 prlimit --nproc=1 "$SNIROUTE" -l 127.0.0.1:0 -r "$T/routes" -u nobody -j 2
has "$(cat err)" '^sniroute: error: worker: fork: Resource temporarily unavailable$'
has "$(cat err)" '^sniroute: error: no worker could be started$'
grep -q 'ready on' err && fail "it says that it is ready"
:
