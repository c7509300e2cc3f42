#!/bin/sh
# SPDX-License-Identifier: ISC
# A tunnelc that replaces one which still has a visitor: it serves and is ready at once, and has the metrics address in the end.
. "${0%/*}/lib.sh"

backend stays send:hi read && STAYS=$READY
named web && WEB=$READY
hub
METRICS=127.0.0.1:$(free_port)
tunnel c "tcp=$STAYS" "tls=$WEB" -m "$METRICS"
spawn_peer visitor client "unix:$T/visitors" "visitor:$ID.tun.test,kind=tcp" until:hi touch:here wait:go shut read
wait_for 5 test -e here || fail "no visitor"
ready() { "$TUNNELC" -i c.key --ready; }
ready || fail "not ready"
cp c.key next.key
signal c TERM
logged 'stopping: 1 visitor has 30 s to finish' c
! ready 2>said || fail "ready, though it stops"
has "$(cat said)" 'nobody is there: '
tunnel next "tcp=$STAYS" "tls=$WEB" -m "$METRICS"
logged "warn: --metrics $METRICS: Address already in use; trying again\$" next
wait_for 5 ready || fail "the successor is not ready"
same 'got=web end=eof' "$(visit "$ID.tun.test,kind=tls" shut read)"
touch go
ends visitor 0
ends c 0
logged "metrics on $METRICS\$" next
has "$(curl -sS --max-time 5 "http://$METRICS/metrics")" '^tunnelc_up 1$'
