#!/bin/sh
# SPDX-License-Identifier: ISC
# A routes file that may no longer be read: said once, however often it is tried; HUP is told again; the old table serves
# until the file can be read.
. "${0%/*}/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root, to drop it"
for who in a b; do backend $who send:$who read; done
chmod 711 "$T"
start_peer systemd notify notify
chmod 666 notify
echo "* tls=$(addr_of a)" >routes
export NOTIFY_SOCKET="$T/notify"
serve -l 127.0.0.1:0 -r "$T/routes" -u nobody
logged_times 1 'READY=1' systemd

echo "* tls=$(addr_of b)" >new
chmod 600 new
mv new routes
logged 'error: routes: .*/routes: cannot be read; the table read before stays' sniroute
sleep 5		# two tries more
same 1 "$(count 'Permission denied' sniroute)" "lines with the reason"
same 1 "$(count 'cannot be read' sniroute)" "lines with what follows from it"
same 1 "$(count 'READY=1' systemd)" "times ready"
answers www.example.org a

signal sniroute HUP
wait_for 5 has_lines 2 'cannot be read' sniroute || fail "HUP is not told"
same 2 "$(count 'Permission denied' sniroute)" "lines with the reason"
logged_times 2 'READY=1' systemd

chmod 644 routes
logged 'routes: .*/routes: read, 1 line$'
answers www.example.org b
same 2 "$(count 'READY=1' systemd)" "times ready"
