#!/bin/sh
# SPDX-License-Identifier: ISC
# A store that refuses AUTH: the log says what to do about it, and neither the password nor the store's own words.
. "${0%/*}/lib.sh"

(umask 077; echo sesame >password)
refused() {
	local server="$1"; shift
	exits 111 "$ROUTESYNC" --once --password-file password "redis+unix://$server"
	has "$(cat err)" "store=refuses .*why=\"AUTH: $*\"\$"
	lacks "$(cat err)" 'sesame'
}
redis
refused "$T/redis.sock" "ERR: the server's default user has no password, leave out --password-file or name a USER@"
refused "who@$T/redis.sock" 'WRONGPASS: check --password-file, USER@, and that the user is enabled'
redis locked --requirepass opensesame
refused "$T/locked.sock" 'WRONGPASS: check --password-file, USER@, and that the user is enabled'

# servers from before Redis 6, and one that repeats the password
old() {
	cat >old.py <<-'PY'
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen(8)
		os.write(9, b"\n")
		while True:
		    c = s.accept()[0]
		    c.recv(4096)
		    c.sendall(b"-ERR %s\r\n" % sys.argv[2].encode())
		    c.recv(4096)
	PY
	rm -f old.sock
	start old python3 -SE old.py "$T/old.sock" "$1"
}
old 'Client sent AUTH, but no password is set'
refused "$T/old.sock" 'ERR: the server has no password, leave out --password-file'
stop old
old "wrong number of arguments for 'auth' command"
refused "who@$T/old.sock" 'ERR: the server knows no users, leave out USER@'
stop old
old 'invalid password'
refused "$T/old.sock" 'ERR: check --password-file'
stop old
old 'what is sesame'
refused "$T/old.sock" 'ERR'
