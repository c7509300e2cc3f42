#!/bin/sh
# SPDX-License-Identifier: ISC
# A user in SOURCE logs in without --password-file too: it is never another one who reads the store.
. "${0%/*}/lib.sh"

redis
put a tls=10.0.0.1:443
r acl setuser reader on nopass '~*' '&*' +@all
r acl setuser guarded on '>word' '~*' '&*' +@all
as() { printf '%s' "redis+unix://$1@$T/redis.sock"; }

exits 0 "$ROUTESYNC" "$(as reader)"
same "$(lines 'a tls=10.0.0.1:443')" "$(cat out)"
exits 0 "$ROUTESYNC" "$(as default)"
for user in nobody guarded; do
	exits 111 "$ROUTESYNC" "$(as $user)"
	has "$(cat err)" 'store=refuses .*AUTH: WRONGPASS'
	same '' "$(cat out)" "read as somebody else"
done

# the default user may read nothing here
r acl setuser default -@all +acl
exits 0 "$ROUTESYNC" "$(as reader)"
same "$(lines 'a tls=10.0.0.1:443')" "$(cat out)"
exits 111 "$ROUTESYNC" "$STORE"

# it is logged once, and followed when the user is there
spawn_sync -i 0.2 "redis+unix://later@$T/redis.sock"
logged 'store=refuses .*WRONGPASS' sync
sleep 1
logged_times 1 'store=refuses' sync
r acl setuser later on nopass '~*' '&*' +@all
wait_for 10 routes_are 'a tls=10.0.0.1:443' || fail "not followed"
