#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --legacy: an ancestor whose service has refused a visitor forgets its session without ending it, and registers again:
# the new session gets the visitors from then on, although the old one answers pings and fills its sessions=1.
. "${0%/*}/lib.sh"

echo "secret=sha256:$(printf s3cret | sha256sum | cut -d ' ' -f 1) names=old.test" >auth
hub -a auth --legacy 127.0.0.1:0 --park 0 -m "unix:$T/metrics"
LEGACY=${READY##* }
see() { client "unix:$T/visitors" visitor:old.test,kind=tcp "$@"; }
LOGIN='frame:1:1:1:0 raw:\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0a\x11\x11\x00\x06s3cret frame:1:4:1:0'
ancestor() { # NAME WORD...
	local name="$1"; shift
	# shellcheck disable=SC2086 # words are wanted
	spawn "$name" python3 -SE "$TESTS/tunnel.py" plain "$LEGACY" $LOGIN "$@"
}

ancestor old plain:first timeout:20 end
logged_times 1 'client=secret .* session=up ' tunneld
same "got=first end=eof" "$(see send:a shut read)"

# While nobody waits there, another one with the secret is one too many.
ancestor other end
ends other 0
logged_times 1 'client=secret .* session=refused reason="limit: ' tunneld

spawn_peer waits client "unix:$T/visitors" visitor:old.test,kind=tcp send:b touch:there read
wait_for 5 test -e there || fail "no visitor"
metric_is 1 tunneld_visitors
# It may have its answer in a moment: another one with the secret is one too many still, until it has waited for 4 s.
ancestor soon end
ends soon 0
logged_times 2 'client=secret .* session=refused reason="limit: ' tunneld
sleep 4
ancestor new plain:second plain:third end
logged_times 2 'client=secret .* session=up ' tunneld
logged 'client=secret .* session=draining reason="forgotten: ' tunneld
same "got=second end=eof" "$(see send:c shut read)"
same "got=third end=eof" "$(see send:d shut read)"

# The visitor it has is left to it.
metric_is 1 tunneld_visitors
stop old
ends waits 0
has "$(cat waits.log)" '^got= end='
