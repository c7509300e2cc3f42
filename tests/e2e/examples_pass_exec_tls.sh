#!/bin/sh
# SPDX-License-Identifier: ISC
# pass-exec with a program that takes TLS off: a browser's request served on the socket that was handed over.
. "${0%/*}/lib.sh"

certificate cert www.example.org
cat >terminator.py <<-'END'
	import os, socket, ssl
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain("cert")
	client = context.wrap_socket(socket.socket(fileno=0), server_side=True)
	client.recv(4096)
	client.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello %s\n" % os.environ["TCPREMOTEIP"].encode())
	client.unwrap()
END
start pass-exec "$ROOT/$BUILD/examples/pass-exec" -n 9 "$T/web.sock" python3 -SE terminator.py
echo "www.example.org tls=pass:$T/web.sock" >routes
serve -l 127.0.0.1:0 -r routes

same "hello 127.0.0.1" "$(fetch www.example.org --cacert cert.crt)"
