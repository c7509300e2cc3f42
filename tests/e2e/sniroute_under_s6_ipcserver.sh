#!/bin/sh
# SPDX-License-Identifier: ISC
# Under s6-ipcserver each sniroute serves its one connection from a unix socket.
. "${0%/*}/lib.sh"

named a
echo "*.example.org tls=$READY" >routes
printf '#!/bin/sh\nexec %s -r routes\n' "$SNIROUTE" >one
chmod +x one
spawn ipcserver s6-ipcserver -v "$T/in.sock" ./one
wait_for 5 test -S in.sock || fail "no s6-ipcserver"

ADDR=unix:$T/in.sock
for i in 1 2 3; do answers www.example.org a || fail "not served"; done
refuses nobody.example.net 112
logged 'peer=unix name=www\.example\.org .*end=closed$' ipcserver
