#!/bin/sh
# SPDX-License-Identifier: ISC
# A published file that is written to while it is read for the first time is not published yet, so nobody is told that we are ready.
. "${0%/*}/lib.sh"

redis
seq 20000 | sed 's/.*/n&.example tls=127.0.0.1:443/' >live
spawn writer python3 -SE -c '
import time
end = time.monotonic() + 1.5
with open("live", "a", buffering=1) as f:
    while time.monotonic() < end:
        f.write("# still at it\n")
        time.sleep(0.001)
'
at_it() { grep -q "still at it" live; }
wait_for 5 at_it || fail "no writer"
start pub "$ROUTESYNC" -n 9 --publish live --ttl 60 "$STORE"
same 20000 "$(redis-cli -s redis.sock dbsize)" "routes when ready"
