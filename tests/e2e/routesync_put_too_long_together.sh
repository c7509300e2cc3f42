#!/bin/sh
# SPDX-License-Identifier: ISC
# Two good lines of one name that are too long for one value are refused, with the name: nobody could read that value.
. "${0%/*}/lib.sh"

redis
# long KEY N: a field with N targets of about 100 bytes
long() { printf '%s=' "$1"; seq "$2" | sed "s,.*,unix:/$(printf %090d 0)&," | paste -sd ,; }
printf 'a.example tls=10.0.0.1:443\nbig.example %s\nbig.example %s\n' "$(long tls 380)" "$(long http 380)" >file
exits 0 "$SNIROUTE" -c -r file
said='file: the lines of big\.example together: longer than 65536 bytes'
exits 100 "$ROUTESYNC" --put file "$STORE"
has "$(cat err)" "$said"
same 0 "$(redis-cli -s redis.sock dbsize)" keys
for mode in --put --publish; do
	exits 100 "$ROUTESYNC" -c "$mode" file "$STORE"
	has "$(cat err)" "$said"
done

# a running one keeps what it has published
printf 'a.example tls=10.0.0.1:443\nbig.example %s\n' "$(long tls 380)" >live
start publish "$ROUTESYNC" -n 9 --publish live "$STORE"
cp file live.new
mv live.new live
logged 'live: the lines of big\.example together: longer' publish
same 2 "$(redis-cli -s redis.sock dbsize)" keys

# what can be written can be read
exits 0 "$ROUTESYNC" "$STORE"
same 3 "$(wc -l <out)" lines
