#!/bin/sh
# SPDX-License-Identifier: ISC
# A file somebody else replaced, edited or removed is noticed, logged and written again; the same bytes are left alone.
. "${0%/*}/lib.sh"

redis
many 30
sync -i 0.3 "$STORE"
routes_count 30
cp routes good
is_good() { cmp -s routes good; }
echo 'x tls=10.0.0.1:443' >new && mv new routes
wait_for 4 is_good || fail "replaced"
logged_times 1 'routes was changed by somebody else' sync
echo '# edited' >>routes
wait_for 4 is_good || fail "edited"
logged_times 2 'routes was changed by somebody else' sync
rm routes
wait_for 4 is_good || fail "removed"
cp routes copy && mv copy routes
was=$(stat -c %i routes)
sleep 1.5
same "$was" "$(stat -c %i routes)" "a copy with the same bytes"
logged_times 3 'routes was changed by somebody else' sync

# while the store is down as well
kill -9 "$(pid_of redis)"
forget "$(pid_of redis)"
logged 'store=unreachable' sync
echo 'x tls=10.0.0.1:443' >routes
wait_for 4 is_good || fail "while the store is down"
nothing_beside routes
stop sync

# a symbolic link stays one
redis
many 5
mv routes elsewhere
ln -s elsewhere routes
exits 0 "$ROUTESYNC" -o routes --max-shrink 100 --once "$STORE"
[ -L routes ] || fail "the link is gone"
routes_count 5
