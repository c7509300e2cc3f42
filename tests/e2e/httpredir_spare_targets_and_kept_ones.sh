#!/bin/sh
# SPDX-License-Identifier: ISC
# A kept connection is used again, also where the line has other targets, which nobody has needed yet.
. "${0%/*}/lib.sh"

web one; one=$READY
web two; two=$READY

# five LINE: five requests, one after the other, by that line take one connection
five() {
	echo "a.test http=$1" >routes
	front -l 127.0.0.1:0 -r routes -m "unix:$T/metrics"
	for _ in 1 2 3 4 5; do
		has "$(get /body)" '^bytes=0 '
	done
	metric_is 1 httpredir_target_connects_total
	metric_is 4 httpredir_target_reuses_total
	metric_is 1 httpredir_target_connections
	stop httpredir
}
five "$one,$two"
five "$one,$two balance=first"
five "$one,$two balance=source"
