#!/bin/sh
# SPDX-License-Identifier: ISC
# A low port for --metrics that was taken at start can't be bound any more without root, nor a socket file replaced in a folder
# of root's: that is said, once.
. "${0%/*}/lib.sh"

[ "$(id -u)" = 0 ] || skip "not root"
own_network
start_peer holder server 127.0.0.1:901 read
chmod 755 .
echo '* tls=127.0.0.1:9' >routes
serve -l 127.0.0.1:0 -r routes -m 127.0.0.1:901 -u nobody
logged 'warn: --metrics 127.0.0.1:901: Address already in use; trying again$'
stop holder
logged 'warn: --metrics 127.0.0.1:901: Permission denied; trying again$'
sleep 2
logged_times 1 'Permission denied'
stop sniroute
rm sniroute.log

mkdir run
serve -l 127.0.0.1:0 -r routes -m "unix:$T/run/metrics" -u nobody
start successor "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes -m "unix:$T/run/metrics" -u nobody
logged 'warn: --metrics unix:.*: Address already in use; trying again$' successor
stop sniroute
logged 'warn: --metrics unix:.*: Permission denied; trying again$' successor
chown nobody run
logged 'info: metrics on unix:' successor
logged_times 1 'Permission denied' successor
