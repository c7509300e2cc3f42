#!/bin/sh
# SPDX-License-Identifier: ISC
# In a jail that has no /dev workers follow changes of the routes file at once, and nothing else takes the place of standard error.
. "${0%/*}/lib.sh"
own_network

unshare -m sh -c "mount -t tmpfs none /dev" 2>/dev/null || skip "no right to hide /dev"

for who in a b; do backend $who send:$who read; done
echo "* tls=$(addr_of a)" >routes
start sniroute unshare -m sh -c 'mount -t tmpfs none /dev && exec "$@"' sh "$SNIROUTE" -n 9 -l 127.0.0.1:0 -r routes -j 2
ADDR=$READY
same "got=a end=eof" "$(ask "$ADDR" www.example.org)"
echo "* tls=$(addr_of b)" >new
mv new routes
logged 'read, 1 line$'
all_b() { for i in 1 2 3 4; do answers www.example.org b || return 1; done; }
wait_for 2 all_b || fail "a worker goes by what was before"
not_logged 'warn:'

# A store that answers nonsense: it is not told so.
start_peer store server 127.0.0.1:0 'send:+PONG\r\n-NO\r\n+HUH\r\n' read
spawn routesync unshare -m sh -c 'mount -t tmpfs none /dev && exec "$@" <&- >&- 2>&-' sh "$ROUTESYNC" -o out "redis://$READY"
logged '^1 .*PING.* end=' store
lacks "$(cat store.log)" 'routesync:'
