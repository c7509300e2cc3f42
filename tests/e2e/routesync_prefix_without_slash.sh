#!/bin/sh
# SPDX-License-Identifier: ISC
# A prefix whose last slash is missing finds nothing, which is logged; one that finds something may be as it likes.
. "${0%/*}/lib.sh"

redis
put a.example tls=10.0.0.2:443
exits 0 "$ROUTESYNC" --once -o routes --prefix /tcprouter "$STORE"
has "$(cat err)" 'warn: no key is below /tcprouterservice/: is a slash missing at the end of --prefix\?$'
exits 0 "$ROUTESYNC" --once -o routes "$STORE"
lacks "$(cat err)" slash
r set /tcprouterservice/b.example tls=10.0.0.2:443
exits 0 "$ROUTESYNC" --once -o routes --prefix /tcprouter "$STORE"
lacks "$(cat err)" slash
routes_are 'b.example tls=10.0.0.2:443' || fail "$(cat routes)"
r flushall
exits 0 "$ROUTESYNC" --once -o routes "$STORE"
lacks "$(cat err)" slash
