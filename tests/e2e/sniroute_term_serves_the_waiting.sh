#!/bin/sh
# SPDX-License-Identifier: ISC
# Clients that the kernel has let in when TERM comes are served and not reset, on an address from the routes file, too.
. "${0%/*}/lib.sh"

named back
echo "127.0.0.1:0 tcp=$READY" >routes
serve -r routes
python3 -SEc 'import os, signal, socket, sys
pid, port = int(sys.argv[1]), int(sys.argv[2])
os.kill(pid, signal.SIGSTOP)
clients = [socket.create_connection(("127.0.0.1", port)) for i in range(20)]
os.kill(pid, signal.SIGTERM)
os.kill(pid, signal.SIGCONT)
print(sum(c.recv(999) == b"back" for c in clients))' "$(pid_of sniroute)" "$PORT" >served
same 20 "$(cat served)" "clients that were served"
