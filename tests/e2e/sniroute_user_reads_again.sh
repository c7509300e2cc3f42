#!/bin/sh
# SPDX-License-Identifier: ISC
# A file that the user of -u can't read again is told at start, and is an error for -c, not only at the first change.
. "${0%/*}/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
echo "* tls=127.0.0.1:1" >open
echo "* tls=127.0.0.1:1" >closed
mkdir folder
echo "* tls=127.0.0.1:1" >folder/hidden
chmod 600 closed
chmod 700 folder
key server.key >/dev/null
key client.key >auth
chmod 600 auth
again="can't be read again as nobody: changes w"

exits 0 "$SNIROUTE" -c -r open -u nobody
same '' "$(cat err)"
exits 0 "$SNIROUTE" -c -r closed
exits 100 "$SNIROUTE" -c -r open -r closed -r folder/hidden -u nobody
same "sniroute: error: closed ${again}ould not be seen
sniroute: error: folder/hidden ${again}ould not be seen" "$(cat err)"
exits 0 setpriv --reuid nobody --regid nogroup --clear-groups "$SNIROUTE" -c -r open -u nobody

serve -l 127.0.0.1:0 -r open -u nobody
stop sniroute
not_logged 'read again'
serve -l 127.0.0.1:0 -r open -r closed -u nobody -j 2
logged_times 1 "warn: closed ${again}ill not be seen\$"
not_logged 'open can'
start piped "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r /dev/fd/8 -u nobody 8<<-END
	* tls=127.0.0.1:1
END
not_logged 'read again' piped

set -- -l 127.0.0.1:0 -i server.key --domain tun.test --visitors "unix:$T/visitors" -a auth -u nobody
exits 100 "$TUNNELD" -c "$@"
has "$(cat err)" "error: auth ${again}ould not be seen\$"
start tunneld "$TUNNELD" -n 9 "$@"
logged_times 1 "warn: auth ${again}ill not be seen\$" tunneld
