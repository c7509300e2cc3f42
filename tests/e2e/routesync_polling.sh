#!/bin/sh
# SPDX-License-Identifier: ISC
# Without notifications the store is polled: new, changed, deleted and expired keys show; unchanged files stay untouched.
. "${0%/*}/lib.sh"

redis
put a tls=10.0.0.1:443
umask 027
sync -i 0.2 "$STORE"
routes 'a tls=10.0.0.1:443'
same 640 "$(stat -c %a routes)" mode
put b tls=10.0.0.2:443
routes 'a tls=10.0.0.1:443' 'b tls=10.0.0.2:443'
put a tls=10.0.0.3:443
routes 'a tls=10.0.0.3:443' 'b tls=10.0.0.2:443'
r del /tcprouter/service/b
routes 'a tls=10.0.0.3:443'
r set /tcprouter/service/c tls=10.0.0.4:443 px 600
routes 'a tls=10.0.0.3:443' 'c tls=10.0.0.4:443'
routes 'a tls=10.0.0.3:443'
was=$(stat -c '%i %y' routes)
sleep 1
put a '  tls=10.0.0.3:443 # the same'
sleep 0.6
same "$was" "$(stat -c '%i %y' routes)" "untouched file"
nothing_beside routes

# HUP reads at once
stop sync
sync -i 3600 "$STORE"
put d tls=10.0.0.5:443
signal sync HUP
routes 'a tls=10.0.0.3:443' 'd tls=10.0.0.5:443'
