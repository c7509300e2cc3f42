#!/bin/sh
# SPDX-License-Identifier: ISC
# Under tcpserver each sniroute serves its one connection on descriptors 0 and 1 and ends with the right exit code.
. "${0%/*}/lib.sh"

named a
cat >routes <<-END
	*.example.org     tls=$READY
	away.example.org  tls=127.0.0.1:1
END
printf '#!/bin/sh\nexec %s -r routes\n' "$SNIROUTE" >one
chmod +x one
spawn tcpserver tcpserver -v1RHl0 127.0.0.1 0 ./one
wait_for 5 grep -qx '[0-9][0-9]*' tcpserver.log || fail "no tcpserver"
ADDR=127.0.0.1:$(grep -x -m 1 '[0-9][0-9]*' tcpserver.log)

answers www.example.org a || fail "not served"
logged 'conn=1 peer=127\.0\.0\.1:[0-9]+ name=www\.example\.org .*end=closed$' tcpserver
logged '^tcpserver: end [0-9]+ status 0$' tcpserver
refuses nobody.example.net 112
logged '^tcpserver: end [0-9]+ status 25600$' tcpserver
refuses away.example.org 80
logged '^tcpserver: end [0-9]+ status 28416$' tcpserver
