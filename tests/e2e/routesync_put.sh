#!/bin/sh
# SPDX-License-Identifier: ISC
# --put writes a routes file into the store and deletes nothing; what it wrote comes back the same.
. "${0%/*}/lib.sh"

redis
put gone.example tls=10.0.0.1:443
cat >in <<END
# some routes
B.example tls=10.0.0.2:443 proxy=v2
a.example tls=10.0.0.3:443 # and
*  tls=10.0.0.4:443 tcp=unix:/run/x
b.example http=10.0.0.2:80
:8000 tcp=localhost:1234
unix:/run/y tcp=localhost:1235
END
exits 0 "$ROUTESYNC" --put in "$STORE"
same '10.0.0.4:443 tcp=unix:/run/x' "$(redis-cli -s redis.sock get /tcprouter/service/CATCH_ALL | sed 's/^tls=//')"
same -1 "$(redis-cli -s redis.sock ttl /tcprouter/service/a.example)" "ttl"
exits 0 "$ROUTESYNC" -o routes --once "$STORE"
routes_are '* tls=10.0.0.4:443 tcp=unix:/run/x' ':8000 tcp=localhost:1234' 'a.example tls=10.0.0.3:443' \
    'b.example tls=10.0.0.2:443 proxy=v2 http=10.0.0.2:80' 'gone.example tls=10.0.0.1:443' \
    'unix:/run/y tcp=localhost:1235' || fail "$(cat routes)"
exits 0 "$ROUTESYNC" --put routes --prefix /copy/ "$STORE"
exits 0 "$ROUTESYNC" --prefix /copy/ "$STORE"
cmp out routes || fail "a second round trip differs"

echo 'a tls=10.0.0.1' >bad
exits 100 "$ROUTESYNC" --put bad "$STORE"
has "$(cat err)" 'bad:1: '
exits 111 "$ROUTESYNC" --put missing "$STORE"
exits 111 "$ROUTESYNC" --put routes "redis+unix://$T/none"
seq 5000 | sed 's,.*,h&.example tls=10.0.0.1:443,' >in
exits 0 "$ROUTESYNC" --put in --prefix big/ "$STORE"
same 5000 "$(redis-cli -s redis.sock --scan --pattern 'big/service/*' | wc -l)" "keys"

# a replica that may not be written to says so
redis replica --replicaof 127.0.0.1 1
exits 111 "$ROUTESYNC" --put in "redis+unix://$T/replica.sock"
has "$(cat err)" 'store=refuses .*READONLY'
