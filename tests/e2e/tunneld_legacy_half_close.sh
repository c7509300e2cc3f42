#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --legacy: when the half-close timer ends a visitor of the first generation, the side that was told the other's end may
# still read what it has; the other one gets a reset.
. "${0%/*}/lib.sh"

key server.key >/dev/null
echo "secret=sha256:$(printf s3cret | sha256sum | cut -d ' ' -f 1) names=old.test" >auth
start tunneld "$TUNNELD" -n 9 -l 127.0.0.1:0 -i server.key --domain tun.test --visitors 127.0.0.1:0 -a auth \
    --legacy 127.0.0.1:0 --half-close-timeout 0.5
set -- $READY
VISITORS=$2 LEGACY=$3

# talk WORDS WORDS TIMES: what a service does with its visitor, and the visitor then; both look again when the timer has ended them
talk() {
	rm -f over service.log visitor.log
	spawn_peer service client "$LEGACY" hex:11110006733363726574 until:ping $1 wait:over timeout:10 read
	logged_times "$3" 'client=secret .* session=up ' tunneld
	spawn_peer visitor client "$VISITORS" visitor:old.test,kind=tcp send:ping $2 wait:over timeout:10 read
	logged_times "$3" 'name=old.test route=[^-].* end=half-close$' tunneld
	touch over
	ends service 0
	ends visitor 0
}
talk 'send:bye shut' '' 1
same 'got=bye end=eof' "$(cat visitor.log)" "a visitor whose service has ended"
has "$(cat service.log)" '^got= end=reset$'
talk '' 'shut' 2
same 'got=ping got= end=eof' "$(paste -sd ' ' service.log)" "a service whose visitor has ended"
has "$(cat visitor.log)" '^got= end=reset$'
