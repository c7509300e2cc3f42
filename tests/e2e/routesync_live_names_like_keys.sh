#!/bin/sh
# SPDX-License-Identifier: ISC
# Several nodes may publish a NAME that is spelt like a key.
. "${0%/*}/lib.sh"

redis
live() { r set "/tcprouter/live/$1/$2" "$3"; }
for name in tls http; do
	live a.1 $name "$name=10.0.0.1:80"
	live b.1 $name "$name=10.0.0.2:80"
done
live c.1 tls 'http=10.0.0.3:80'
live a.1 tcp 'http=10.0.0.1:80'
live b.1 tcp 'tls=10.0.0.2:443'
exits 0 "$ROUTESYNC" -o routes --once "$STORE"
exits 0 "$SNIROUTE" -c -r routes
routes_are 'http http=10.0.0.1:80,10.0.0.2:80' 'tcp http=10.0.0.1:80 tls=10.0.0.2:443' \
    'tls tls=10.0.0.1:80,10.0.0.2:80 http=10.0.0.3:80' || fail "$(cat routes)"
