#!/bin/sh
# SPDX-License-Identifier: ISC
# A wrong password is one log line, whatever the number of tries; a corrected password file is used without a restart.
. "${0%/*}/lib.sh"

redis redis --requirepass right
redis-cli -s redis.sock -a right --no-auth-warning set /tcprouter/service/a tls=10.0.0.1:443 >/dev/null
lines 'old tls=10.0.0.1:443' >routes
echo wrong >password
chmod 600 password
exits 111 "$ROUTESYNC" -o routes --once --password-file password "$STORE"
has "$(cat err)" 'store=refuses .*WRONGPASS'
spawn_sync -i 0.2 --password-file password "$STORE"
logged 'store=refuses' sync
sleep 2
same 1 "$(wc -l <sync.log)" "log lines"
routes_are 'old tls=10.0.0.1:443' || fail "the file was touched"
echo right >password
wait_for 8 routes_are 'a tls=10.0.0.1:443' || fail "the right password is not used"
logged 'store=good' sync

# a password file that is gone is named
rm password
redis-cli -s redis.sock -a right --no-auth-warning client kill type normal >/dev/null
logged 'store=refuses .*--password-file password: No such file' sync
lacks "$(cat sync.log err)" ' (right|wrong)'
