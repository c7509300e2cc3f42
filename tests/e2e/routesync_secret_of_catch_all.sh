#!/bin/sh
# SPDX-License-Identifier: ISC
# A secret for * authorizes nobody, as * can't be the name of a tunnel: that is said once, in every mode.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
said='warn: record key=/tcprouter/service/CATCH_ALL gets no authorization in secrets'
put CATCH_ALL '{"clientsecret":"geheim"}'
put a '{"clientsecret":"geheim"}'
sync --secrets secrets -i 0.1 "$STORE"
logged_times 1 "$said" sync
put b tls=10.0.0.1:443
routes '* tls=pass:/run/tunneld/visitors http=unix:/run/tunneld/visitors proxy=v2' \
    'a tls=pass:/run/tunneld/visitors http=unix:/run/tunneld/visitors proxy=v2' 'b tls=10.0.0.1:443'
has "$(cat secrets)" '^secret=sha256:[0-9a-f]{64} names=a$'
sleep 0.5
logged_times 1 "$said" sync
not_logged 'geheim' sync

# nobody asked for authorizations
exits 0 "$ROUTESYNC" "$STORE"
lacks "$(cat err)" authorization

value=$(printf '{"clientsecret":"geheim"}' | base64)
printf '{"Key":"/tcprouter/service/CATCH_ALL","Value":"%s"}' "$value" >input
exits 0 "$ROUTESYNC" -o r --secrets s - <input
has "$(cat err)" 'key=/tcprouter/service/CATCH_ALL gets no authorization in s: '
same '' "$(cat s)" secrets
