#!/bin/sh
# SPDX-License-Identifier: ISC
# The server's key: a wrong one is named and tried again, nothing is told to it; --known-servers is read anew each time.
. "${0%/*}/lib.sh"

named web && WEB=$READY
hub
WRONG=$(key wrong.key)
CLIENT=$(key c.key)
client() { spawn "$1" "$TUNNELC" -s "$TUNNEL" -i c.key "tcp=$WEB" -v "$@"; }
start_client() { local name="$1"; shift; spawn "$name" "$TUNNELC" -s "$TUNNEL" -i c.key "tcp=$WEB" -v "$@"; }

# -k: expected and seen are both logged; several are any of them.
start_client wrong -k "$WRONG"
logged "warn: server=$TUNNEL link=down reason=\"wrong server key: it has $SERVER, -k says $WRONG\" retry_ms=" wrong
wait_for 20 has_lines 3 'handshake -> closed' wrong || fail "it is not tried again"
same 1 "$(count 'wrong server key' wrong)" "lines about the pin"
not_logged 'link=up|hello' wrong
not_logged "session=up|$CLIENT" tunneld		# not even who we are
signal wrong TERM
ends wrong 0
start_client any -k "$WRONG" -k "$SERVER"
logged 'link=up' any
stop any

# --known-servers: as it is when the server is dialled.
echo "$TUNNEL $WRONG # an old key" >known
start_client known --known-servers known
logged "wrong server key: it has $SERVER, known says $WRONG\"" known
echo "$TUNNEL bad" >>known
wait_for 20 grep -q 'known:2: no id' known.log || fail "the bad line is not named"
echo "$TUNNEL $SERVER" >known
wait_for 30 grep -q 'link=up' known.log || fail "the new line was not seen"
stop known

# A key of the client's that the server does not list: told by the server, tried again.
echo "$WRONG" >auth
stop tunneld
hub -a auth -l "$TUNNEL"
start_client stranger -k "$SERVER"
logged 'link=down reason="refused: unauthorised: ' stranger
signal stranger INT
ends stranger 0
