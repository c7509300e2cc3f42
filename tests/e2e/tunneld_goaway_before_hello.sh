#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld: who goes away before its hello is not let in, and takes nobody's place.
. "${0%/*}/lib.sh"

ID=$(login a)
echo "$ID" >auth
hub -a auth
ADDR=$TUNNEL

spawn live python3 -SE "$TESTS/tunnel.py" client "$ADDR" a.key hello get stream:hi
logged '^welcome' live
has "$(by_hand client "$ADDR" a.key frame:3:0:0:0 hello get)" '^error code=protocol '
logged "client=$ID conn=[0-9]+ peer=[^ ]+ session=refused reason=\"protocol: it went away before" tunneld
same "got=hi end=eof" "$(by_hand visitor unix:visitors "header:$ID.tun.test,kind=tcp" send:x shut read)"
