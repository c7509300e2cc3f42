#!/bin/sh
# SPDX-License-Identifier: ISC
# A visitor that resets before tunneld knows its kind was never whole: no service hears of it, and the log says how it ended.
. "${0%/*}/lib.sh"

backend hears read && HEARS=$READY
ID=$(key c.key)
echo "$ID names=*.test" >auth
hub -a auth --visitors 127.0.0.1:0
VISITORS=${READY##* }
tunnel c "tcp=$HEARS"
base=$(fds tunneld)

# Its kind is told by its first bytes, and for those it has half a second: with some of a method, and with none; by TCP, as a unix
# socket knows no resets, and by a socket handed over.
client "$VISITORS" visitor:one.test send:GE rst
client "$VISITORS" visitor:two.test sleep:0.1 send:GE rst
client "$VISITORS" visitor:three.test sleep:0.1 rst
client "unix:$T/visitors" pass:four.test send:GE sleep:0.1 rst
client "unix:$T/visitors" pass:five.test sleep:0.1 rst
for name in one two three four five; do
	logged "name=$name.test .* end=client-reset\$" tunneld
done
# An end in order is none: what came before it counts.
same "got= end=eof" "$(client "$VISITORS" visitor:six.test send:GE shut read)"
logged '^[0-9]+ got=GE end=eof$' hears
logged_times 1 '^[0-9]+ got=' hears
fds_back "$base" tunneld
