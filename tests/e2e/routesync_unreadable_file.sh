#!/bin/sh
# SPDX-License-Identifier: ISC
# A file that is there and cannot be read is never replaced: at start it ends the program, later updates wait until it can be read.
. "${0%/*}/lib.sh"

[ "$(id -u)" != 0 ] || { command -v setpriv >/dev/null || skip "root may read everything, and there is no setpriv"; }
redis redis --unixsocketperm 777
mkdir -m 777 etc
if [ "$(id -u)" = 0 ]; then set -- setpriv --reuid 65534 --regid 65534 --clear-groups; else set --; fi

# at start: nobody knows how many routes would be lost
put one.example tls=10.0.0.1:443
lines x >etc/want
lines x >etc/routes
lines x >etc/secrets
chmod 0 etc/routes
unreadable() { exits 111 timeout 20 "$@"; has "$(cat err)" "error: $what cannot be read: Permission denied"; }
what=etc/routes
unreadable "$@" "$ROUTESYNC" -o etc/routes --once "$STORE"
unreadable "$@" "$ROUTESYNC" -o etc/routes -i 0.1 "$STORE"
echo '{"sni":"two.example","addr":"10.0.0.2:443"}' >json
unreadable "$@" "$ROUTESYNC" -o etc/routes - <json
chmod 644 etc/routes
chmod 0 etc/secrets
what=etc/secrets
unreadable "$@" "$ROUTESYNC" -o etc/routes --secrets etc/secrets --once "$STORE"
unreadable "$@" "$ROUTESYNC" --secrets etc/secrets --once "$STORE"
chmod 644 etc/secrets
for file in routes secrets; do cmp etc/want etc/$file || fail "$file was replaced"; done
rm etc/*

# later: while it follows, and while a loss is held back, which was counted against that file
r flushall
many 30
start sync "$@" "$ROUTESYNC" -n 9 -o etc/routes -i 0.1 "$STORE"
cp etc/routes before
inode=$(stat -c %i etc/routes)
chmod 0 etc/routes
put one.example tls=10.0.0.1:443
logged 'etc/routes cannot be read, it stays as it is: Permission denied' sync
sleep 2.2		# it is tried again, and not reported again
logged_times 1 'cannot be read' sync
same "$inode" "$(stat -c %i etc/routes)" "file"
chmod 644 etc/routes
logged 'etc/routes can be read again' sync
wait_for 5 grep -q '^one.example ' etc/routes || fail "not written when it could be read"

cp etc/routes before
inode=$(stat -c %i etc/routes)
r flushall
logged 'held back: 31 of 31' sync
chmod 0 etc/routes
logged_times 2 'cannot be read' sync
sleep 1.2
same "$inode" "$(stat -c %i etc/routes)" "file held back"
chmod 644 etc/routes
logged_times 2 'can be read again' sync
cmp before etc/routes || fail "written though it was held back"
signal sync USR1
wait_for 5 sh -c '! grep -q = etc/routes' || fail "not written when it was confirmed"
