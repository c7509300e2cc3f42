#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld -u: the key is read before privileges go, the authorization file is read again without them.
. "${0%/*}/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
key server.key >/dev/null
ID=$(login a)
echo "$ID" >auth
start tunneld setpriv --groups 0,1,2 "$TUNNELD" -n 9 -l 127.0.0.1:0 -i server.key --domain tun.test \
    --visitors "unix:$T/visitors" -a auth -u nobody
ADDR=${READY%% *}
uid=$(id -u nobody) pid=$(pid_of tunneld)
same "$(printf 'Uid:\t%s\t%s\t%s\t%s' "$uid" "$uid" "$uid" "$uid")" "$(grep ^Uid "/proc/$pid/status")"
lacks "$(grep ^Groups "/proc/$pid/status")" "[[:blank:]][012]([[:blank:]]|$)"
has "$(timeout 20 python3 -SE "$TESTS/tunnel.py" client "$ADDR" a.key hello get)" "^welcome names=$ID.tun.test "
echo "$ID names=more.test" >new && mv new auth
logged 'authorized: auth: read, 1 client' tunneld
has "$(timeout 20 python3 -SE "$TESTS/tunnel.py" client "$ADDR" a.key hello get)" "^welcome names=$ID.tun.test,more.test "
exits 100 "$TUNNELD" -l 127.0.0.1:0 -i server.key --domain tun.test --visitors "unix:$T/other" -a auth -u no-such-user-here

# The folder of a file that it keeps is checked as that user.
mkdir kept
check() { "$TUNNELD" -c -i server.key --domain tun.test --visitors "unix:$T/other" -a auth -u nobody "$@" --advertise 127.0.0.1:1; }
exits 100 check --clients kept/clients
has "$(cat err)" '--clients kept/clients cannot be replaced: its folder is not writable$'
chown nobody kept
exits 0 check --clients kept/clients
