#!/bin/sh
# SPDX-License-Identifier: ISC
# Keys that are listed and not let in, by date or by address: told which, in both logs, tried again; the name is known
# and away.
. "${0%/*}/lib.sh"

named web && WEB=$READY
OLD=$(key old.key) FAR=$(key far.key) GOOD=$(key good.key) NEW=$(key new.key)
cat >auth <<END
$OLD names=old.test expires=2001-09-09
$FAR names=far.test from=192.0.2.0/24,2001:db8::/32
$GOOD names=good.test from=192.0.2.0/24,127.0.0.0/8 expires=$(date -u +%Y-%m-%d)	# today is the last day
END
hub -a auth --park 0
base=$(fds tunneld)
refused() { # NAME ID CODE
	spawn_tunnel "$1" "tcp=$WEB"
	logged "link=down reason=\"refused: $3: $2: .*\" retry_ms=[0-9]+\$" "$1"
	logged "client=$2 conn=[0-9]+ peer=127.* session=refused reason=\"$3: .*\"\$" tunneld
	logged "name=$2.tun.test .* hello=ok .* end=denied\$" tunneld
	not_logged 'link=up' "$1"
	exits 111 "$TUNNELC" -i "$1.key" --ready
}
refused old "$OLD" expired
refused far "$FAR" from
refused new "$NEW" unauthorised
tunnel good "tcp=$WEB"
same "got=web end=eof" "$(visit good.test,kind=tcp shut read)"
HTTP='send:GET / HTTP/1.1\r\nHost: x\r\n\r\n'
has "$(visit old.test,kind=http "$HTTP" read)" 'x20503.*Tunnel-Error:\\x20offline'
has "$(visit far.test,kind=http "$HTTP" read)" 'x20503.*Tunnel-Error:\\x20offline'
has "$(visit "$NEW.tun.test,kind=http" "$HTTP" read)" 'x20404.*Tunnel-Error:\\x20name'
for name in old far new; do stop $name; done
fds_back $((base + 1)) tunneld
