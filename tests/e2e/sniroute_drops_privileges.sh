#!/bin/sh
# SPDX-License-Identifier: ISC
# -u drops to a user and group once everything is bound, and routes are still reloaded.
. "${0%/*}/lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root"
named a
named b
echo "* tls=$(addr_of a)" >routes
start sniroute setpriv --groups 0,1,2 "$SNIROUTE" -n 9 -l 127.0.0.1:0 -l "unix:$T/in.sock" -r routes -u nobody -j 2
ADDR=${READY%% *}
uid=$(id -u nobody) gid=$(id -g nobody)

for pid in $(pid_of sniroute) $(pgrep -P "$(pid_of sniroute)"); do
	same "$(printf 'Uid:\t%s\t%s\t%s\t%s' $uid $uid $uid $uid)" "$(grep ^Uid "/proc/$pid/status")"
	same "$(printf 'Gid:\t%s\t%s\t%s\t%s' $gid $gid $gid $gid)" "$(grep ^Gid "/proc/$pid/status")"
	lacks "$(grep ^Groups "/proc/$pid/status")" "[[:blank:]][012]([[:blank:]]|$)"
done
answers www.example.org a || fail "not served"
echo "* tls=$(addr_of b)" >new; mv new routes
wait_for 4 answers www.example.org b || fail "not reloaded"
start grouped "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes -u nobody:daemon
has "$(grep ^Gid "/proc/$(pid_of grouped)/status")" "	$(getent group daemon | cut -d : -f 3)	"
exits 100 "$SNIROUTE" -l 127.0.0.1:0 -r routes -u no-such-user-here
has "$(cat err)" 'no-such-user-here'
