#!/bin/sh
# SPDX-License-Identifier: ISC
# What pass(7) shows byte by byte is what is sent, and its receiver works.
. "${0%/*}/lib.sh"

# The displays of the manual, one file each.
awk '/^\.Bd/ { file = "display" ++n; next } /^\.Ed/ { file = ""; next } file { gsub(/\\e/, "\\"); print >file }' \
    "$ROOT/lib/pass.7"
shown() { sed 's,^ *,,; s,  .*,,' "$1" | tr -d ' \n'; }

cat >receive.py <<-'END'
	import os, socket
	listener = socket.socket(socket.AF_UNIX)
	listener.bind("raw.sock")
	listener.listen()
	os.write(9, b"raw\n")
	os.close(9)
	while True:
	    sender, _ = listener.accept()
	    header, (client,), _, _ = socket.recv_fds(sender, 1024, 1)
	    print(header.hex(), sender.recv(1), flush=True)
	    os.close(client)
END
start raw python3 -SE receive.py
sed "s,/run/hello.sock,$T/hello.sock," display3 >hello.py
spawn hello python3 -SE hello.py
wait_for 5 test -S hello.sock || fail "its receiver doesn't listen"
cat >routes <<-END
	*.example.org  tls=pass:$T/raw.sock
	*              tls=pass:$T/hello.sock
	unix:$T/in     tcp=pass:$T/raw.sock
END
serve -l 127.0.0.1:0 -r routes --accept-proxy=127.0.0.0/8

client "$ADDR" proxy2:192.0.2.1:51234,198.51.100.7:443 hello:a.example.org,alpn=h2 shut read >/dev/null
client "unix:$T/in" shut read >/dev/null
logged_times 2 "b''$" raw
same "$(shown display1) b''" "$(sed -n 1p raw.log)"
same "$(shown display2) b''" "$(sed -n 2p raw.log)"
has "$(client "$ADDR" proxy2:192.0.2.1:51234,198.51.100.7:443 hello:b.example.net recv:6)" '^got=hello\\x0a$'
