#!/bin/sh
# SPDX-License-Identifier: ISC
# --secret-file against tunneld --legacy: the same port takes either handshake, tunnelc finds the first one it understands.
. "${0%/*}/lib.sh"

named web && WEB=$READY
backend echo echo && ECHO=$READY
printf s3cret >secret
printf wrong >wrong
chmod 600 secret wrong
echo "secret=sha256:$(sha256sum <secret | cut -d ' ' -f 1) names=old.test" >auth
hub -a auth --legacy 127.0.0.1:0
LEGACY=${READY##* }

# A PROXY header for the service has no addresses, but the kind that was told by the first byte.
backend greeted proxy read && GREETED=$READY
start c "$TUNNELC" -n 9 -s "$LEGACY" --secret-file secret "tls=$GREETED" proxy=v2
visit old.test,kind=tls 'hex:160301' shut read >out
logged '^1 proxy=v2 cmd=LOCAL family=00 kind=tls$' greeted
stop c
rm c.log

# A key has no part in it, but --ready finds the one that runs by its id.
ID=$(key key)
start c "$TUNNELC" -n 9 -s "$LEGACY" --secret-file secret -i key "tls=$WEB" "tcp=$ECHO"
logged "server=$LEGACY link=up" c
exits 0 "$TUNNELC" -i key --ready
same "got=web end=eof" "$(visit old.test,kind=tls 'hex:16030100' shut read)"
same "got=hello end=eof" "$(visit old.test,kind=tcp send:hello shut read)"
has "$(visit old.test,kind=tcp duplex:3m)" 'bytes=3145728 .*end=eof'
same "20 x got=x end=eof" "$(peer crowd 20 "unix:$T/visitors" visitor:old.test,kind=tcp send:x shut read)"

# A secret that is not listed is hung up on; both handshakes are tried in turn.
spawn wrong "$TUNNELC" -s "$LEGACY" --secret-file wrong "tls=$WEB" -v
logged 'link=down reason="the server is going away, or does not know the secret"' wrong
wait_for 20 has_lines 2 'reach -> handshake' wrong || fail "it is not tried again"
not_logged 'link=up' wrong
signal wrong TERM
ends wrong 0
lacks "$(cat wrong.log c.log)" 's3cret|wrong$'

# tunneld leaves: GOAWAY is all it can say, and has to be said while a visitor is there, who stays to the end.
visit old.test,kind=tcp send:hello until:hello wait:left send:more shut read >late.log &
LATE=$!
wait_for 5 grep -q hello late.log || fail "no answer"
signal tunneld TERM
logged "server=$LEGACY link=draining" c
touch left
wait $LATE
same "got=hello got=more end=eof" "$(echo $(cat late.log))"
ends tunneld 0
stop c
