#!/bin/sh
# SPDX-License-Identifier: ISC
# -m whose address is in use is no reason not to follow the store; it is bound once it is free. One that is none is an error.
. "${0%/*}/lib.sh"

redis
put a.example 'tls=10.0.0.1:443'
METRICS=127.0.0.1:$(free_port)
start first "$ROUTESYNC" -n 9 -o one -i 0.2 -m "$METRICS" "$STORE"
start second "$ROUTESYNC" -n 9 -o two -i 0.2 -m "$METRICS" "$STORE"
logged "warn: --metrics $METRICS: Address already in use; trying again\$" second
same "$(cat one)" "$(cat two)" "the files"
stop first
logged "metrics on $METRICS\$" second
has "$(curl -sS --max-time 5 "http://$METRICS/metrics")" '^routesync_store_up 1$'
stop second
exits 111 "$ROUTESYNC" -o three -m "unix:$T/nowhere/metrics" "$STORE"
exits 100 "$ROUTESYNC" -o three -m nonsense "$STORE"
