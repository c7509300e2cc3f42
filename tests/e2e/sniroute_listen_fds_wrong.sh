#!/bin/sh
# SPDX-License-Identifier: ISC
# An inherited descriptor that is no listening stream socket is named, and the exit code says that a restart won't help.
. "${0%/*}/lib.sh"

cat >inherit.py <<'END'
import os, socket, sys
listening = socket.create_server(("127.0.0.1", 0))
wrong = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
wrong.bind(("127.0.0.1", 0))
for fd, s in zip((13, 14), (listening, wrong) if sys.argv[1] == "4" else (wrong, listening)):
    os.dup2(s.fileno(), fd)
os.dup2(13, 3)
os.dup2(14, 4)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2")
os.execv(sys.argv[2], sys.argv[2:])
END
echo "* tls=127.0.0.1:1" >routes
for fd in 3 4; do
	exits 100 timeout 10 python3 inherit.py $fd "$SNIROUTE" -r routes
	has "$(cat err)" "descriptor $fd \(LISTEN_FDS\) is not a listening stream socket$"
done
