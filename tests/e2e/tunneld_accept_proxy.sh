#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld --accept-proxy: behind a router the client's address is that of the PROXY header, for from=, limits and log.
. "${0%/*}/lib.sh"

ID=$(login a)
echo "$ID from=192.0.2.0/24" >auth
hub -a auth \
    --accept-proxy --max-logins 8 -v
ADDR=$TUNNEL

has "$(by_hand client "$ADDR" a.key proxy:192.0.2.7:77 hello get)" '^welcome '
logged "client=$ID conn=1 peer=192.0.2.7:77 session=up " tunneld
logged 'conn=1 peer=192.0.2.7:77 .* hello=ok .* end=' tunneld
has "$(by_hand client "$ADDR" a.key proxy:198.51.100.7:77 hello get end)" '^error code=from '
logged 'peer=198.51.100.7:77 .* end=denied' tunneld
# Without a header, or with a broken one, it is closed without a byte.
has "$(by_hand client "$ADDR" a.key hello get)" '^end='
logged 'info: conn=3 peer=127.0.0.1:[0-9]+ hello=malformed reason="header: it does not begin with a PROXY header"$' tunneld
logged 'conn=3 peer=127.0.0.1:[0-9]+ .* hello=malformed .* end=hello' tunneld
has "$(client "$ADDR" 'send:PROXY TCP4 x\r\n' shut timeout:5 read)" '^got= end=(eof|reset)$'
logged 'info: conn=4 peer=127.0.0.1:[0-9]+ hello=malformed reason="header: its PROXY header is broken or too long"$' tunneld
# A reset within the header is one, not an end.
client "$ADDR" 'send:PROXY TCP4 ' rst
logged 'conn=5 .* hello=eof rx=0 tx=0 .* end=client-reset$' tunneld
# In pieces.
spawn slow python3 -SE "$TESTS/peer.py" client "$ADDR" pieces:1:0.002 'send:PROXY TCP4 192.0.2.9 192.0.2.1 1 2\r\n' \
    wait:go shut read
logged_times 3 'HEADER -> HANDSHAKE' tunneld
touch go
ends slow 0
# A source's share of the logins goes by the header.
crowd=$(peer crowd 3 "$ADDR" 'send:PROXY TCP4 192.0.2.7 192.0.2.1 3 2\r\n' timeout:3 read)
same "1 x got= end=eof 2 x got= end=timeout" "$(echo "$crowd" | paste -sd ' ')"
logged 'peer=192.0.2.7:3 closed: 3 logins are under way' tunneld
logged 'peer=192.0.2.7:3 .* end=limit' tunneld
has "$(by_hand client "$ADDR" a.key proxy:192.0.2.8:77 hello get)" '^welcome '
