#!/bin/sh
# SPDX-License-Identifier: ISC
# A target that goes down with a GET it has taken costs no answer: the next one has it. A POST is never sent twice.
. "${0%/*}/lib.sh"

# a.test leads to a target that ends with its first request, then to the spare one
goes_down() {
	: >down.log
	spawn down python3 -SEc 'import socket
l = socket.create_server(("127.0.0.1", 0))
print(l.getsockname()[1], flush=True)
c, _ = l.accept()
c.recv(9999)
l.close()
c.close()'
	wait_for 5 test -s down.log || fail "no target"
	echo "a.test http=127.0.0.1:$(cat down.log),$(addr_of spare) balance=first" >routes
}

backend spare 'until:\r\n\r\n' 'send:HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nspare' shut read
goes_down
front -l 127.0.0.1:0 -r routes
has "$(get /)" '^spare$'
ends down 0
stop httpredir
goes_down
front -l 127.0.0.1:0 -r routes
has "$(get / -X POST)" '^HTTP/1.1 502 '
ends down 0
stop httpredir
not_logged 'got=POST' spare

# a target that lets everybody in and closes, as a forwarder does in front of nothing, keeps no GET from the spare one
backend forwarder 'until:\r\n\r\n' close
for balance in first least; do
	echo "a.test http=$(addr_of forwarder),$(addr_of spare) balance=$balance" >routes
	front -l 127.0.0.1:0 -r routes
	for _ in 1 2 3; do
		has "$(get /)" '^spare$'
	done
	has "$(get / -X POST)" '^HTTP/1.1 502 '
	stop httpredir
done

# once more, and no more than that
backend closer 'until:\r\n\r\n' close
backend another 'until:\r\n\r\n' close
echo "a.test http=$(addr_of closer),$(addr_of another) balance=first" >routes
front -l 127.0.0.1:0 -r routes
has "$(get /)" '^HTTP/1.1 502 '
logged_times 1 'got=GET' closer
logged_times 1 'got=GET' another
has "$(get / -d x)" '^HTTP/1.1 502 '
logged_times 1 'got=POST' closer
stop httpredir
not_logged 'got=POST' another
: >another.log

# a target without a spare one gets it once
echo "a.test http=$(addr_of another)" >routes
front -l 127.0.0.1:0 -r routes
has "$(get /)" '^HTTP/1.1 502 '
logged_times 1 'got=GET' another
