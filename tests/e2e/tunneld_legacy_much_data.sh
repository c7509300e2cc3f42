#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --legacy: a client of the first generation and its visitor may send more at once than one turn of the loop moves.
. "${0%/*}/lib.sh"

echo "secret=sha256:$(printf s3cret | sha256sum | cut -d ' ' -f 1) names=old.test" >auth
hub -a auth --legacy 127.0.0.1:0
spawn_peer service client "${READY##* }" hex:11110006733363726574 until:ping duplex:24m
logged 'client=secret .* session=up ' tunneld
hand_over old.test,kind=tcp send:ping duplex:24m >visitor.log
ends service 0 20
sent=$(sed -n 's/^sent=//p' visitor.log)
has "$(cat visitor.log)" "^bytes=$sent end=eof\$"
has "$(cat service.log)" "^bytes=$sent end=eof\$"
logged 'name=old.test route=old.test .* rx=25165828 tx=25165824 .* end=closed$' tunneld
