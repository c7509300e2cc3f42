#!/bin/sh
# SPDX-License-Identifier: ISC
# The systemd units of tunneld and tunnelc hold what systemd-analyze has to say, and their commands work.
. "${0%/*}/lib.sh"

mkdir units
for tool in tunneld tunnelc; do
	sed "s,/usr/local/bin/$tool,$ROOT/$BUILD/bin/$tool," "$ROOT/examples/systemd/$tool.service" >units/$tool.service
done
cp "$ROOT/examples/systemd/tunneld.socket" units/
if command -v systemd-analyze >/dev/null; then
	exits 0 systemd-analyze verify --man=no units/tunneld.service units/tunneld.socket units/tunnelc.service
	same "" "$(cat err)"
fi

# Started as those units would: descriptors, credentials, notification.
server_id=$(key tunneld.key)
id=$(key tunnelc.key)
echo "$id" >tunneld.authorized
web site
SITE=$READY
# command TOOL: its ExecStart, in this directory
command_of() {
	sed -n "s,^ExecStart=\(.*\),exec \1,p" "units/$1.service" |
	    sed "s,%d/key,$T/$1.key,; s,/etc/tcproute,$T,g; s,/run/tunneld,$T,g; s,tun.example.com:18000,${SERVER:-},
	    s,127.0.0.1:8080,$SITE,"
}
# notified NAME: what listens on NAME.notify
notified() {
	spawn "$1" python3 -SE "$TESTS/peer.py" notify "$T/$1.notify"
	wait_for 5 test -S "$1.notify" || fail "no notify socket"
}

notified server
command_of tunneld >start.sh
spawn tunneld env "NOTIFY_SOCKET=$T/server.notify" python3 -SE "$TESTS/peer.py" fds 127.0.0.1:0 -- sh start.sh "$TUNNELD"
logged '^READY=1$' server
SERVER=$(sed -n 's/.*ready on \([^ ]*\).*/\1/p' tunneld.log)
echo "$SERVER $server_id" >known_servers

notified client
command_of tunnelc >start.sh
spawn tunnelc env "NOTIFY_SOCKET=$T/client.notify" sh start.sh "$TUNNELC"
logged '^READY=1$' client
echo "*.tun.example.com http=unix:$T/visitors proxy=v2" >routes
front -l 127.0.0.1:0 -r routes
HOST=$id.tun.example.com
has "$(get /hello)" '^HTTP/1.1 200'
