#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --legacy: an ancestor resets what it has no room for, so it is brought no more than 256 visitors it has not taken yet;
# who comes then is parked like one whose client is away.
. "${0%/*}/lib.sh"

echo "secret=sha256:$(printf s3cret | sha256sum | cut -d ' ' -f 1) names=old.test" >auth
hub -a auth \
    --legacy 127.0.0.1:0 --park 4 -m "unix:$T/metrics"
spawn ancestor timeout 60 python3 -SE "$TESTS/tunnel.py" plain "${READY##* }" frame:1:1:1:0 \
    'raw:\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0a\x11\x11\x00\x06s3cret' frame:1:4:1:0 timeout:0.5 wait:there end \
    frame:1:2:2:0 frame:1:8:4:0 end wait:over
logged 'client=secret .* session=up ' tunneld

# opened LINE: how many streams it saw opened in so many steps
opened() { sed -n "$1p" ancestor.log | grep -oE '(^| )1:1:[0-9]+:0' | wc -l; }
start_peer herd herd 256 over "unix:$T/visitors" visitor:old.test,kind=tcp send:x
metric_is 256 tunneld_visitors
start_peer more herd 3 over "unix:$T/visitors" visitor:old.test,kind=http 'send:GET / HTTP/1.0\r\n\r\n'
metric_is 3 tunneld_parked_visitors
touch there
wait_for 10 has_lines 1 'end=timeout' ancestor || fail "$(cat ancestor.log)"
same 256 "$(opened 1)" "streams opened and not taken"

# One is taken, one is reset: two of those who wait get in, the third waits on, and is told that nobody is there.
wait_for 10 has_lines 2 'end=timeout' ancestor || fail "$(cat ancestor.log)"
same 2 "$(opened 2)" "streams opened then"
logged_times 1 'name=old.test route=old.test target=- .* end=unreachable' tunneld
touch over
