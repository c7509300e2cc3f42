#!/bin/sh
# SPDX-License-Identifier: ISC
# A password may have 1023 bytes, as the manual says, and no more.
. "${0%/*}/lib.sh"

password() { head -c "$1" /dev/zero | tr '\0' p; }
redis redis --requirepass "$(password 1023)"
redis-cli -s redis.sock -a "$(password 1023)" --no-auth-warning set /tcprouter/service/a tls=10.0.0.1:443 >/dev/null
(umask 077; password 1023 >fits; password 1024 >long)
exits 0 "$ROUTESYNC" -o routes --once --password-file fits "$STORE"
routes_are 'a tls=10.0.0.1:443' || fail "not read"
exits 100 "$ROUTESYNC" -o routes --once --password-file long "$STORE"
has "$(cat err)" '--password-file long: the password is longer than 1023 bytes$'
grep -q '^password: 1023 bytes;' "$ROOT/routesync/routesync.8" || fail "the manual says something else"
