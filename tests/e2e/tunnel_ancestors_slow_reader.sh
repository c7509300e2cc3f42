#!/bin/sh
# SPDX-License-Identifier: ISC
# The ancestors' first handshake: a visitor, or its service, that reads nothing for longer than silence ends a session is not
# cut off.
. "${0%/*}/lib.sh"

echo "secret=sha256:$(printf s3cret | sha256sum | cut -d ' ' -f 1) names=old.test" >auth
hub -a auth --legacy 127.0.0.1:0 --heartbeat 0.5 --dead-after 1
spawn_peer service client "${READY##* }" hex:11110006733363726574 touch:there wait:go sum
wait_for 5 test -e there
logged 'session=up' tunneld
spawn_peer visitor client "unix:$T/visitors" visitor:old.test,kind=tcp data:16m shut read

# tunnelc's silence is 20 s: 1 s for this test
if ! sanitized; then
	gcc -shared -fPIC -D_GNU_SOURCE -o hurry.so -x c - <<-'END'
		#include <netinet/in.h>
		#include <netinet/tcp.h>
		#include <sys/socket.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
		{
			int ms = level == IPPROTO_TCP && name == TCP_USER_TIMEOUT ? *(const int *)value / 20 : 0;
			return (int)syscall(SYS_setsockopt, fd, level, name, ms == 0 ? value : &ms, len);
		}
	END
	printf s3cret >secret
	chmod 600 secret
	backend big data:16m shut read && BIG=$READY
	start ancestor python3 -SE "$TESTS/ancestor.py" first s3cret
	VISITORS=${READY#* }
	start c env LD_PRELOAD="$T/hurry.so" "$TUNNELC" -n 9 -s "${READY% *}" --secret-file secret "tcp=$BIG"
	spawn_peer late client "$VISITORS" timeout:10 send:x wait:go sum
	logged 'registered' ancestor
fi
sleep 2
touch go
ends service 0
ends visitor 0
has "$(cat service.log)" '^bytes=16777216 .* end=eof$'
if ! sanitized; then
	ends late 0
	has "$(cat late.log)" '^bytes=16777216 .* end=eof$'
fi
