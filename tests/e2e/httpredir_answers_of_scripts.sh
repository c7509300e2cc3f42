#!/bin/sh
# SPDX-License-Identifier: ISC
# A CGI script ends its lines with LF, and some servers pass them as they are: the client gets them with CRLF.
. "${0%/*}/lib.sh"

mkdir cgi-bin
cat >cgi-bin/hello <<-'END'
	#!/bin/sh
	echo 'Content-Type: text/plain'
	echo 'X-Script: yes'
	echo
	echo hello
END
chmod +x cgi-bin/hello
spawn scripts python3 -u -m http.server --cgi --bind 127.0.0.1 0
wait_for 10 grep -q 'port [0-9]' scripts.log || fail "no server"
echo "a.test http=127.0.0.1:$(sed -n 's/.* port \([0-9]*\).*/\1/p' scripts.log)" >routes
front -l 127.0.0.1:0 -r routes
answer=$(get /cgi-bin/hello | sed 's/\r$/<CRLF>/')
has "$answer" '^HTTP/1.1 200 Script output follows<CRLF>$'
has "$answer" '^Content-Type: text/plain<CRLF>$'
has "$answer" '^X-Script: yes<CRLF>$'
has "$answer" '^hello$'
