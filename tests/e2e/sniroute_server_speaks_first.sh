#!/bin/sh
# SPDX-License-Identifier: ISC
# Listening addresses of the routes file, and -t, forward without peeking: a server may speak first.
. "${0%/*}/lib.sh"

backend banner 'send:220 hello\r\n' line read
a=$(free_port) b=$(free_port)
cat >routes <<-END
	127.0.0.1:$a  tcp=$READY
	:$b           tcp=$READY
	*             tls=127.0.0.1:9
END
start by_file "$SNIROUTE" -n 9 -r routes --hello-timeout 0.3
same "127.0.0.1:$a [::]:$b" "$READY"
serve -l 127.0.0.1:0 -t "$(addr_of banner)" --hello-timeout 0.3

for addr in "$ADDR" 127.0.0.1:"$a" 127.0.0.1:"$b" "[::1]:$b"; do
	out=$(client "$addr" until:'\n' sleep:0.6 'send:QUIT\r\n' shut read)
	same 'got=220\x20hello\x0d\x0a
got= end=eof' "$out" "$addr"
done
same 4 "$(count 'got=QUIT\\x0d\\x0a' banner)"
logged "name=- route=- target=$(addr_of banner) hello=- rx=6 tx=11 ms=[0-9]+ end=closed$"
logged "name=- route=127.0.0.1:$a target=$(addr_of banner) hello=- rx=6 tx=11 ms=[0-9]+ end=closed$" by_file
logged "peer=\[::1\]:[0-9]+ name=- route=:$b target=$(addr_of banner) hello=- " by_file
