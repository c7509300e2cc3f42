#!/bin/sh
# SPDX-License-Identifier: ISC
# A client's line goes while a visitor is under way: that session ends at once and says why, another's transfer does
# not notice.
. "${0%/*}/lib.sh"

backend pours flood:60 && POURS=$READY
backend halves data:8m wait:go data:8m shut && HALVES=$READY
GOES=$(key goes.key) STAYS=$(key stays.key)
printf '%s\n' "$GOES names=goes.test" "$STAYS names=stays.test" >auth
hub -a auth --park 0
tunnel goes "tcp=$POURS"
tunnel stays "tcp=$HALVES"
base=$(fds tunneld)
spawn_peer cut client "unix:$T/visitors" pass:goes.test,kind=tcp skip:1 touch:cut.there sum
spawn_peer whole client "unix:$T/visitors" pass:stays.test,kind=tcp skip:1 touch:whole.there sum
wait_for 20 test -e cut.there
wait_for 20 test -e whole.there

grep -v "$GOES" auth >auth.new || :
mv auth.new auth
logged "client=$GOES conn=[0-9]+ peer=.* session=down reason=\"revoked: its authorization was withdrawn\"\$" tunneld
logged "name=$GOES.tun.test .* hello=ok .* end=denied\$" tunneld
logged "name=goes.test route=goes.test target=$GOES .* end=target-reset\$" tunneld
ends cut 0
has "$(cat cut.log)" '^bytes=[0-9]+ .* end=reset$'
logged "link=down reason=\"refused: revoked: .*\" retry_ms=[0-9]+\$" goes
logged 'route=tcp .* end=client-reset$' goes
# It tries again, is told its id to be pasted, and its name is nobody's now.
logged "link=down reason=\"refused: unauthorised: $GOES: not authorised; .*\" retry_ms=[0-9]+\$" goes
has "$(visit goes.test,kind=http 'send:GET / HTTP/1.1\r\nHost: x\r\n\r\n' read)" 'x20404.*Tunnel-Error:\\x20name'

# Let in again it comes back by itself, while the other transfer goes on.
echo "$GOES names=goes.test" >>auth
wait_for 30 has_lines 2 'link=up' goes || fail "not back: $(cat goes.log)"
touch go
ends whole 0 20
has "$(cat whole.log)" '^bytes=16777215 .* end=eof$'
same 1 "$(count 'link=' stays)" "changes of the other session"
fds_back "$base" tunneld
