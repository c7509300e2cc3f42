#!/bin/sh
# SPDX-License-Identifier: ISC
# The systemd units hold what systemd-analyze has to say about them.
. "${0%/*}/lib.sh"

command -v systemd-analyze >/dev/null || skip "no systemd"
mkdir units
cp "$ROOT"/examples/systemd/sniroute.socket units/
sed "s,/usr/local/bin/sniroute,$SNIROUTE," "$ROOT/examples/systemd/sniroute.service" >units/sniroute.service
exits 0 systemd-analyze verify --man=no units/sniroute.service units/sniroute.socket
same "" "$(cat err)"

# Started as that unit would: the arguments of ExecStart hold.
sed -n "s,^ExecStart=\(.*\),exec \1,p" units/sniroute.service | sed "s,/etc/tcproute,$T,; s,/run/sniroute,$T," >start.sh
named a
echo "www.example.org tls=$READY" >routes
spawn notified python3 -SE "$TESTS/peer.py" notify "$T/notify"
wait_for 5 test -S notify || fail "no notify socket"
spawn sniroute env "NOTIFY_SOCKET=$T/notify" python3 -SE "$TESTS/peer.py" fds 127.0.0.1:0 -- sh start.sh "$SNIROUTE"
logged '^READY=1$' notified
ADDR=$(sed -n 's/.*ready on \([^ ]*\).*/\1/p' sniroute.log)
answers www.example.org a || fail "not served"
