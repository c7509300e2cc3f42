#!/bin/sh
# SPDX-License-Identifier: ISC
# -c tells every error of options and files and exits 100, whatever a run would exit with; 0 when there is none.
. "${0%/*}/lib.sh"

bad() { exits 100 "$ROUTESYNC" -c "$@"; [ -s err ] || fail "no reason: $*"; }
bad --password-file missing redis://h
bad -m nonsense redis://h
bad -m '' redis://h
bad --put missing redis://h
bad -i x redis://h
bad --visitors relative redis://h
bad --prefix / redis://h
bad -o "$T" redis://h
bad --secrets /dev/null -o routes redis://h
bad --max-shrink 101 redis://h
bad --publish missing --ttl 0 redis://h
bad -n x redis://h
bad

exits 100 "$ROUTESYNC" -m nonsense redis://h
echo 'a tls=10.0.0.1' >broken
: >empty
chmod 600 empty
bad -c --put broken --publish broken -m nonsense --password-file empty --prefix / http://h
for what in 'SOURCE' '--put and --publish cannot be used together' '--metrics nonsense' '--password-file empty' '--prefix' '^broken:1: '; do
	has "$(cat err)" "$what"
done

echo secret >password
chmod 600 password
echo 'a tls=10.0.0.1:1' >routes
exits 0 "$ROUTESYNC" -c -o routes --password-file password -m 127.0.0.1:0 redis://h
exits 0 "$ROUTESYNC" -c -o routes -m "unix:$T/metrics" -
exits 0 "$ROUTESYNC" -c --publish routes redis://h
same '' "$(cat out err)" output
