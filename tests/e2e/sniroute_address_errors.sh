#!/bin/sh
# SPDX-License-Identifier: ISC
# An address that is none is told with the forms that would do: what was forgotten is a port, or the unix: in front.
. "${0%/*}/lib.sh"

echo "* tls=127.0.0.1:1" >routes
listen='no port \(HOST:PORT, :PORT or unix:/PATH\)$'
exits 100 "$SNIROUTE" -l 443 -r routes
has "$(cat err)" "-l 443: $listen"
exits 100 "$SNIROUTE" -c -l 443 -r routes -m /run/x
has "$(cat err)" "-l 443: $listen"
has "$(cat err)" "--metrics /run/x: $listen"
exits 100 "$SNIROUTE" -c -l :65536 -l unix:@ -r routes
has "$(cat err)" '-l :65536: port is not a number from 0 to 65535$'
has "$(cat err)" '-l unix:@: abstract socket name is empty'
cat >bad <<-END
	a tls=/run/x.sock
	b tls=c:0
	www.example.org:443 tls=127.0.0.1:1
	:99999 tcp=127.0.0.1:1
END
exits 100 "$SNIROUTE" -c -r bad
same 'bad:1: bad address "/run/x.sock" in tls=: no port (HOST:PORT or unix:/PATH)
bad:2: bad address "c:0" in tls=: port is not a number from 1 to 65535
bad:3: tls= in the wrong place: the name has a port, so it is a listening address, which takes tcp=
bad:4: bad listening address ":99999": port is not a number from 0 to 65535' "$(cat err)"
exits 100 "$SNIROUTE" -c -t 127.0.0.1
has "$(cat err)" '-t 127\.0\.0\.1: no port'
