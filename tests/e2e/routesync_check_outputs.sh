#!/bin/sh
# SPDX-License-Identifier: ISC
# -c tells whether the files of -o and --secrets can be read, if they are there, and replaced; it leaves them alone.
. "${0%/*}/lib.sh"

if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || skip "root may do everything, and there is no setpriv"
	as='setpriv --reuid 65534 --regid 65534 --clear-groups'
fi
# shellcheck disable=SC2086 # words are wanted
bad() {
	local reason="$1"; shift
	exits 100 ${as:-} "$ROUTESYNC" -c "$@" redis://h
	same "routesync: error: $reason" "$(cat err)"
}
# shellcheck disable=SC2086
good() { exits 0 ${as:-} "$ROUTESYNC" -c "$@" redis://h; same '' "$(cat out err)" output; }

mkdir -m 777 etc
mkdir -m 555 locked
good -o etc/routes --secrets etc/secrets
same '' "$(ls -A etc)" "left in the folder"
lines 'a tls=10.0.0.1:443' >etc/routes
cp etc/routes locked/routes
good -o etc/routes
bad '-o locked/routes cannot be replaced: its folder is not writable' -o locked/routes
bad '-o locked/none cannot be replaced: its folder is not writable' -o locked/none
bad '-o none/routes cannot be replaced: its folder does not exist' -o none/routes
bad 'etc/routes/x cannot be read: Not a directory' --secrets etc/routes/x
chmod 0 etc/routes
bad 'etc/routes cannot be read: Permission denied' -o etc/routes
bad 'etc/routes cannot be read: Permission denied' --secrets etc/routes
bad '--output: empty' -o ''
bad '"etc/" is not the name of a file' -o etc/
