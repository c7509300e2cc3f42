#!/bin/sh
# SPDX-License-Identifier: ISC
# A session that is lost while its last visitor finishes did not end in order, and its lines say so.
. "${0%/*}/lib.sh"

backend held send:x wait:never && HELD=$READY
key c.key >/dev/null
hub
tunnel c "tcp=$HELD"
hand_over "$ID.tun.test,kind=tcp" recv:1 touch:began read >visitor.out &
visitor=$!
wait_for 5 test -e began
signal tunneld TERM
logged 'stopping: 2 connections have' tunneld
killed c
ends tunneld 0
wait $visitor
same "got=x got= end=reset" "$(paste -sd ' ' visitor.out)"
logged "client=$ID conn=1 .* session=down reason=\"lost: " tunneld
logged 'conn=1 .* end=client-reset$' tunneld
not_logged 'conn=1 .* end=closed$' tunneld
