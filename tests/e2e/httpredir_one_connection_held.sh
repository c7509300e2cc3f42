#!/bin/sh
# SPDX-License-Identifier: ISC
# One connection whose wrapper holds our end, too: the client hears of its end, whether it got a byte or none.
. "${0%/*}/lib.sh"

web one
echo "a.test http=$READY" >routes
while read -r exit hears WORDS; do
	for kind in tcp socketpair sockets; do
		out=$(one_held $kind "$HTTPREDIR" -r routes --hello-timeout 0.3 --idle-timeout 0.3)
		has "$out" "^got=($hears).* end=eof"
		has "$out" "^exit=$exit\$"
	done
done <<-'END'
	0    HTTP/1.1.x20200  send:GET\x20/\x20HTTP/1.1\r\nHost:a.test\r\n\r\n read
	0    HTTP/1.1.x20200  send:GET\x20/\x20HTTP/1.1\r\nHost:a.test\r\n\r\n shut read
	0    HTTP/1.1.x20101  send:GET\x20/ws\x20HTTP/1.1\r\nHost:a.test\r\nConnection:upgrade\r\nUpgrade:x\r\n\r\n shut read
	100  HTTP/1.1.x20404  send:GET\x20/\x20HTTP/1.1\r\nHost:x.test\r\n\r\n read
	111  HTTP/1.1.x20408  send:GET read
	100  HTTP/1.1.x20404  send:POST\x20/\x20HTTP/1.1\r\nHost:x.test\r\nConnection:close\r\nContent-Length:5\r\n\r\nhello read
	100  HTTP/1.1.x20404  send:POST\x20/\x20HTTP/1.1\r\nHost:x.test\r\nConnection:close\r\nContent-Length:5\r\n\r\nhe read
END
for WORDS in read 'shut read'; do
	same "got= end=eof exit=111" "$(one_held tcp "$HTTPREDIR" --hello-timeout 0.3 --idle-timeout 0.3 | paste -sd ' ')"
done
