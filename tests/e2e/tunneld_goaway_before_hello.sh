#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld: who goes away before its hello is not let in, and takes nobody's place.
. "${0%/*}/lib.sh"

key server.key >/dev/null
ID=$(key a.key)
openssl req -x509 -new -key a.key -days 2 -subj /CN=t -out a.key.crt 2>/dev/null
echo "$ID" >auth
tunnel() { timeout 30 python3 -SE "$TESTS/tunnel.py" "$@"; }
start tunneld "$TUNNELD" -n 9 -l 127.0.0.1:0 -i server.key --domain tun.test --visitors "unix:$T/visitors" -a auth
ADDR=${READY%% *}

spawn live python3 -SE "$TESTS/tunnel.py" client "$ADDR" a.key hello get stream:hi
logged '^welcome' live
has "$(tunnel client "$ADDR" a.key frame:3:0:0:0 hello get)" '^error code=protocol '
logged "client=$ID conn=[0-9]+ peer=[^ ]+ session=refused reason=\"protocol: it went away before" tunneld
same "got=hi end=eof" "$(tunnel visitor unix:visitors "header:$ID.tun.test,kind=tcp" send:x shut read)"
