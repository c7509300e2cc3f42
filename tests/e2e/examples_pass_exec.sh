#!/bin/sh
# SPDX-License-Identifier: ISC
# pass-exec: a program per connection handed over, with the client's socket on 0 and 1 and the addresses in its environment.
. "${0%/*}/lib.sh"

PASSEXEC=$ROOT/$BUILD/examples/pass-exec
cat >told <<-'END'
	#!/bin/sh
	printf '%s|%s|%s|%s|%s|%s|%s|%s\n' "$PROTO" "$TCPREMOTEIP" "$TCPREMOTEPORT" "$TCPLOCALIP" "$TCPLOCALPORT" \
	    "${PASS_NAME-unset}" "${PASS_KIND-unset}" "${PASS_ALPN-unset}"
	exec cat
END
chmod +x told
export TCPREMOTEHOST=left-over PASS_NAME=left-over PASS_ALPN=left-over
start pass-exec "$PASSEXEC" -n 9 "$T/told.sock" ./told
same "$T/told.sock" "$READY"
{
	echo "*.example.org  tls=pass:$T/told.sock"
	echo "127.0.0.1:0    tcp=pass:$T/told.sock as=port.example.org"
	echo "[::1]:0        tcp=pass:$T/told.sock"
	echo "unix:$T/in     tcp=pass:$T/told.sock"
} >routes
serve -l 127.0.0.1:0 -r routes
addrs=$READY
asks_well() { client "$ADDR" "hello:$1.example.net" shut read >asked && ! grep -q '^got=\\x15' asked; }
nth() { echo "$addrs" | cut -d ' ' -f "$1"; }

# The hello is the program's to read, to the last byte.
client "$ADDR" hello:WWW.example.org,alpn=h2 line shut save:echoed peer >out
has "$(cat out)" "^got=TCP\|127\.0\.0\.1\|[0-9]+\|127\.0\.0\.1\|$PORT\|www\.example\.org\|tls\|h2\\\\x0a$"
peer hello WWW.example.org,alpn=h2 | cmp - echoed
has "$(client "$ADDR" 'hello:www.example.org,alpn=a\x0ab' line)" '\|tls\|unset\\x0a$'
has "$(client "$ADDR" 'hello:www.example.org,alpn=a;b' line)" '\|tls\|a;b\\x0a$'

addr=$(nth 2)
has "$(client "$addr" shut read)" "^got=TCP\|127\.0\.0\.1\|[0-9]+\|127\.0\.0\.1\|${addr##*:}\|port\.example\.org\|tcp\|unset\\\\x0a end=eof$"
has "$(client "$(nth 3)" shut read)" '^got=TCP\|::1\|[0-9]+\|::1\|[0-9]+\|unset\|tcp\|unset\\x0a end=eof$'
has "$(client "$(nth 4)" shut read)" '^got=UNIX\|\|\|\|\|unset\|tcp\|unset\\x0a end=eof$'
logged "peer=127\.0\.0\.1:[0-9]+ name=www\.example\.org kind=tls alpn=h2$" pass-exec
logged_times 6 '^pass-exec: info: pid=[0-9]+ exit=' pass-exec
logged_times 6 "target=pass:$T/told\.sock .*end=passed$"

# A LOCAL header names nobody: the socket's own addresses hold, in the environment and in the log.
cat >local.py <<-'END'
	import socket, sys
	lsock = socket.create_server(("127.0.0.1", 0))
	client = socket.create_connection(lsock.getsockname())
	taken = lsock.accept()[0]
	to = socket.socket(socket.AF_UNIX)
	to.connect("told.sock")
	socket.send_fds(to, [b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"], [taken.fileno()])
	taken.close()
	client.shutdown(socket.SHUT_WR)
	print(client.getsockname()[1], client.makefile().read(), end="")
END
has "$(python3 -SE local.py)" '^([0-9]+) TCP\|127\.0\.0\.1\|\1\|127\.0\.0\.1\|[0-9]+\|unset\|unset\|unset$'
logged 'peer=127\.0\.0\.1:[0-9]+ name=- kind=- alpn=-$' pass-exec

# Started without standard descriptors it does not take theirs for its own.
"$PASSEXEC" "$T/bare.sock" ./told <&- >&- 2>&- &
bare=$!
wait_for 5 test -S bare.sock
same "/dev/null /dev/full /dev/null" "$(readlink /proc/$bare/fd/0 /proc/$bare/fd/1 /proc/$bare/fd/2 | paste -sd " " -)" "descriptors"
end_pid $bare

# No other socket comes along, and this one is in blocking mode.
start fds "$PASSEXEC" -n 9 "$T/fds.sock" ls -l /proc/self/fd
start flags "$PASSEXEC" -n 9 "$T/flags.sock" cat /proc/self/fdinfo/0
printf '%s\n' "fds.example.net tls=pass:$T/fds.sock" "flags.example.net tls=pass:$T/flags.sock" >new
mv new routes
has "$(wait_for 4 asks_well flags; cat asked)" 'flags:\\x0902\\x0a'
asks_well fds
same 2 "$(grep -o 'socket:' asked | wc -l)"

signal pass-exec TERM
ends pass-exec 0
[ ! -e told.sock ] || fail "the socket file is left behind"
