#!/bin/sh
# SPDX-License-Identifier: ISC
# A password file that others than its owner can get at is refused, as a key's is: at start, by -c, and for a connection.
. "${0%/*}/lib.sh"

redis redis --requirepass right
redis-cli -s redis.sock -a right --no-auth-warning set /tcprouter/service/a tls=10.0.0.1:443 >/dev/null
echo right >password
for mode in 666 644 620 604; do
	chmod $mode password
	exits 100 "$ROUTESYNC" --once --password-file password "$STORE"
	has "$(cat err)" "--password-file password: mode 0$mode is accessible by others: chmod 600"
	exits 100 "$ROUTESYNC" -c --password-file password "$STORE"
	has "$(cat err)" 'is accessible by others'
done
chmod 600 password
exits 0 "$ROUTESYNC" -c --password-file password "$STORE"
sync -i 0.2 --password-file password "$STORE"
routes 'a tls=10.0.0.1:443'
chmod 640 password
redis-cli -s redis.sock -a right --no-auth-warning client kill type normal >/dev/null
logged 'store=refuses .*--password-file password: mode 0640 is accessible by others' sync
chmod 400 password
logged_times 2 'store=good' sync
lacks "$(cat sync.log exits.log)" ' right'
