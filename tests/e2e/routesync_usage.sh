#!/bin/sh
# SPDX-License-Identifier: ISC
# Wrong usage is 100, with a reason; a password in the URL is refused and not repeated.
. "${0%/*}/lib.sh"

wrong() { exits 100 "$ROUTESYNC" "$@"; [ -s err ] || fail "no reason: $*"; }
wrong
wrong -o routes
wrong redis://h extra
wrong --no-such-option redis://h
wrong http://h
wrong -i x redis://h
wrong --max-shrink 101 redis://h
wrong --put a --publish b redis://h
wrong --put a -o routes redis://h
wrong --put a -
wrong --publish a --ttl 0.5 redis://h
wrong --publish a --once redis://h
wrong --visitors relative redis://h
wrong --visitors '/a b' redis://h
wrong --prefix / redis://h
: >empty
chmod 600 empty
wrong --password-file empty redis://h
exits 111 "$ROUTESYNC" --password-file missing redis://h
for url in redis://u:hunter2@h redis://:hunter2@h/1 redis://u:hun/ter2@h redis+unix://u:hunter2@/x; do
	wrong "$url"
	lacks "$(cat err out)" 'hun|ter2'
	has "$(cat err)" '--password-file'
done
# nor is one in a second word, or given as an option
for args in 'redis://a redis://u:hunter2@h' 'redis://hunter2@h -- redis://a' '-- redis://a redis://hunter2@h' \
    '--password hunter2 redis://h' '--password=hunter2 redis://h' '--pass hunter2 redis://h' 'redis://h --pa=hunter2'; do
	# shellcheck disable=SC2086 # words are wanted
	wrong $args
	lacks "$(cat err out)" hunter2
done
wrong --password hunter2 redis://h
has "$(cat err)" '--password-file'
exits 111 "$ROUTESYNC" --password-file missing -- "redis+unix://$T/none"
ldd "$ROUTESYNC" | grep -q hiredis_ssl || { wrong rediss://h; has "$(cat err)" 'hiredis 1\.0'; }

wrong -o /dev/null redis://h
wrong -o "$T" redis://h
ln -s nowhere link
wrong -o link redis://h
has "$(cat err)" 'link is a broken symbolic link'

exits 0 "$ROUTESYNC" -h
has "$(cat out)" '^usage: routesync '
same 4 "$(sed '/^$/q' out | grep -c 'routesync ')" "ways to start it"
exits 0 "$ROUTESYNC" -V
has "$(cat out)" '^routesync [0-9]'
exits 0 "$ROUTESYNC" -c redis://h
echo 'a tls=10.0.0.1' >bad
exits 100 "$ROUTESYNC" -c --put bad redis://h
has "$(cat err)" '^bad:1: '
exits 100 "$ROUTESYNC" --put bad redis://h
