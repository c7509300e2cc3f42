#!/bin/sh
# SPDX-License-Identifier: ISC
# A refusal's alert arrives although the client has sent more than was read (lingering close).
. "${0%/*}/lib.sh"

echo 'www.example.org tls=127.0.0.1:9' >routes
serve -l 127.0.0.1:0 -r routes

for i in 1 2 3 4 5; do
	out=$(client "$ADDR" hello:nobody.example.org data:512k sleep:0.2 alert)
	has "$out" '^alert=112 version=0303 end=eof$'
	lacks "$out" 'failed='
done
out=$(client "$ADDR" hello:nobody.example.org sleep:0.3 data:64k sleep:0.3 alert)
has "$out" '^alert=112 version=0303 end=eof$'
lacks "$out" 'failed='
same "quiet=no
alert=112 version=0303 end=eof" "$(client "$ADDR" hello:nobody.example.org quiet:2 alert)" "the alert waits for nothing"

# segments that came in: that of the handshake, the hello's acknowledgement, and the alert with the end
cat >segments.py <<-'END'
	import socket, struct, sys
	s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
	s.sendall(open(sys.argv[2], "rb").read())
	assert s.recv(100)[0] == 21 and s.recv(100) == b""
	print(struct.unpack_from("I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 144), 140)[0])
END
least=9
for i in 1 2 3 4 5; do
	n=$(python3 -SE segments.py "${ADDR##*:}" "$DATA/hello/curl.bin")
	[ "$n" -ge "$least" ] || least=$n
done
same 3 "$least" "segments for a refusal"
