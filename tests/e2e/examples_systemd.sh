#!/bin/sh
# SPDX-License-Identifier: ISC
# The systemd units hold what systemd-analyze has to say about them.
. "${0%/*}/lib.sh"

command -v systemd-analyze >/dev/null || skip "no systemd"
mkdir units
cp "$ROOT"/examples/systemd/sniroute.socket units/
for unit in sniroute.service sniroute@.service; do
	sed "s,/usr/local/bin/sniroute,$SNIROUTE," "$ROOT/examples/systemd/$unit" >"units/$unit"
done
cp units/sniroute@.service units/sniroute@b.service
exits 0 systemd-analyze verify --man=no units/sniroute.service units/sniroute@b.service units/sniroute.socket
same "" "$(cat err)"

# Exit code 111 may be tried again for ever: by default systemd gives up after five starts in 10 s, with a second in between.
for unit in "$ROOT"/examples/systemd/*.service; do
	sed -n '/^\[Unit\]/,/^\[Service\]/p' "$unit" | grep -qx StartLimitIntervalSec=0 || fail "$unit gives up"
done

# Started as those units would: the arguments of ExecStart hold.
named a
echo "www.example.org tls=$READY" >routes
for unit in sniroute.service sniroute@.service; do
	sed -n "s,^ExecStart=\(.*\),exec \1,p" "units/$unit" | sed "s,/etc/tcproute,$T,; s,/run/sniroute[^/]*,$T," >start.sh
	spawn "notified.$unit" python3 -SE "$TESTS/peer.py" notify "$T/$unit.notify"
	wait_for 5 test -S "$unit.notify" || fail "no notify socket"
	spawn sniroute env "NOTIFY_SOCKET=$T/$unit.notify" python3 -SE "$TESTS/peer.py" fds 127.0.0.1:0 -- sh start.sh "$SNIROUTE"
	logged '^READY=1$' "notified.$unit"
	ADDR=$(sed -n 's/.*ready on \([^ ]*\).*/\1/p' sniroute.log | tail -n 1)
	answers www.example.org a || fail "not served"
	stop sniroute
done
