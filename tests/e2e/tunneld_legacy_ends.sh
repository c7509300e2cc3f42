#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --legacy: the end of a client of the first generation that comes along with its secret; a visitor's reset while draining.
. "${0%/*}/lib.sh"

echo "secret=sha256:$(printf s3cret | sha256sum | cut -d ' ' -f 1) names=old.test" >auth
hub -a auth \
    --legacy 127.0.0.1:0 --park 0 -m "unix:$T/metrics"
LEGACY=${READY##* }

# Both are there when it looks.
kill -STOP "$(pid_of tunneld)"
spawn_peer gone client "$LEGACY" hex:11110006733363726574 shut touch:said timeout:60 read
wait_for 5 test -e said
kill -CONT "$(pid_of tunneld)"
logged 'client=secret .* session=up ' tunneld
ends gone 0
same 'got= end=eof' "$(cat gone.log)"
metric_is 0 tunneld_sessions
has "$(visit old.test 'send:GET / HTTP/1.0\r\n\r\n' read)" 'x20503.*offline'

# A part of the secret, then a reset, which is told from an end.
client "$LEGACY" hex:1111000673 rst
logged 'name=- route=- target=- hello=eof rx=0 tx=0 .* end=client-reset$' tunneld
client "$LEGACY" hex:1111000673 shut read
logged 'name=- route=- target=- hello=eof rx=0 tx=0 .* end=hello$' tunneld

# A service's reset: a visitor that speaks HTTP is told, also one that asks only then; any other one gets the reset.
ups=1
raw_client() {
	spawn_peer raw client "$LEGACY" hex:11110006733363726574 "$@"
	ups=$((ups + 1))
	logged_times $ups 'client=secret .* session=up ' tunneld
}
raw_client until:GET rst
has "$(visit old.test 'send:GET / HTTP/1.0\r\n\r\n' read)" 'x20502.*Tunnel-Error:\\x20local'
raw_client wait:joined rst
spawn_peer late client "unix:$T/visitors" visitor:old.test,kind=http wait:gone 'send:GET / HTTP/1.0\r\n\r\n' timeout:10 read
metric_is 1 tunneld_visitors
touch joined
metric_is 0 tunneld_visitors
touch gone
ends late 0
has "$(cat late.log)" 'x20502.*Tunnel-Error:\\x20local'
raw_client until:ping rst
same 'got= end=reset' "$(hand_over old.test,kind=tcp send:ping timeout:10 read)"
logged_times 2 'name=old.test .* rx=18 tx=[1-9][0-9]+ .* end=target-reset$' tunneld
logged_times 1 'name=old.test .* rx=4 tx=0 .* end=target-reset$' tunneld

# The visitor's reset is one for its service, too.
rm raw.log
raw_client until:ping print:there timeout:20 read
spawn_peer visitor client "unix:$T/visitors" pass:old.test,kind=tcp send:ping wait:reset rst
logged '^there' raw
kill -TERM "$(pid_of tunneld)"
logged 'stopping: ' tunneld
touch reset
ends raw 0
has "$(cat raw.log)" '^got= end=reset$'
