#!/bin/sh
# SPDX-License-Identifier: ISC
# An answer whose end is the connection's is cut off by --idle-timeout in a reset, also when all of it had come from the target.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
front -l 127.0.0.1:0 -r routes --idle-timeout 0.4

# ask SIZE: a client of version 1.0, told no length, which reads only when it is too late
ask() {
	rm -f read asker.log
	: >httpredir.log
	spawn_peer asker client "$ADDR" "send:GET /chunked/$1 HTTP/1.0\r\nHost: a.test\r\n\r\n" wait:read sum
	logged ' end=(idle|closed)$' httpredir
	touch read
	ends asker 0 20
}
ask 64m
logged ' end=idle$' httpredir
taken=$(sed -n 's/.* tx=\([0-9]*\) .*/\1/p' httpredir.log)
for more in -2 2 4 6 8 10 12; do	# KiB more or less: some wait here, when there is nothing more to be read from the target
	ask $((taken + more * 1024))
	lacks "$(cat asker.log httpredir.log | tr "\n" " ")" "end=eof.*end=idle"
done
