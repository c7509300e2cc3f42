#!/bin/sh
# SPDX-License-Identifier: ISC
# The file is changed by somebody else right after it was written, before all is synced to disk; that is noticed, too.
. "${0%/*}/lib.sh"

slow_folders
redis
many 3
export LD_PRELOAD="$SLOW"
sync -i 0.3 "$STORE"
unset LD_PRELOAD
touch slow
put d.example '{"addr":"10.0.0.4","tlsport":443}'
wait_for 5 grep -q '^d.example ' routes || fail "not written"
echo 'evil.example tls=192.0.2.66:443' >routes
rm slow
routes_count 4
logged_times 1 'routes was changed by somebody else' sync
