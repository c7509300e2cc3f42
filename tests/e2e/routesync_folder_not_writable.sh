#!/bin/sh
# SPDX-License-Identifier: ISC
# A folder that cannot be written to keeps its file; it is logged once and tried again.
. "${0%/*}/lib.sh"

[ "$(id -u)" != 0 ] || { command -v setpriv >/dev/null || skip "root may write everywhere, and there is no setpriv"; }
redis redis --unixsocketperm 777
put a tls=10.0.0.1:443
mkdir -m 777 etc
if [ "$(id -u)" = 0 ]; then set -- setpriv --reuid 65534 --regid 65534 --clear-groups; else set --; fi
start sync "$@" "$ROUTESYNC" -n 9 -o etc/routes -i 0.1 "$STORE"
chmod 555 etc
put b tls=10.0.0.2:443
logged 'etc/routes cannot be written.*Permission' sync
sleep 2.2
same 1 "$(count 'cannot be written' sync)" "log lines"
same "$(lines 'a tls=10.0.0.1:443')" "$(cat etc/routes)"
same routes "$(ls -A etc)" "files"
chmod 777 etc
wait_for 5 grep -q '^b ' etc/routes || fail "not written when it could be"
logged 'can be written again' sync
