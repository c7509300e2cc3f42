#!/bin/sh
# SPDX-License-Identifier: ISC
# rx= of a client that reaches no target is the bytes of it that were looked at, read or peeked (pass:), without PROXY headers.
. "${0%/*}/lib.sh"

# line FIELDS: what the only line says, without who and when
line() { grep -oE 'hello=[a-z-]+ rx=[0-9]+ tx=[0-9]+ ms=[0-9]+ end=[a-z-]+$' | sed 's/ ms=[0-9]*//'; }
# said HELLO RX TX END: in the line of the next client, who says these words
said() {
	want="hello=$1 rx=$2 tx=$3 end=$4"; shift 4
	n=$((n + 1))
	client "$ADDR" "$@" >/dev/null
	logged "conn=$n .* end="
	same "$want" "$(grep "conn=$n " sniroute.log | line)" "$peeked $*"
}
whole=$(peer hello none.test | wc -c)
pieces=$(peer hello none.test,pad=900,split=100 | wc -c)

for peeked in read pass; do
	cat >routes <<-END
		away.test  tls=127.0.0.1:1
		deny.test  tls=127.0.0.1:1 deny=0.0.0.0/0
	END
	[ $peeked = read ] || echo "p.test tls=pass:$T/away" >>routes
	rm -f sniroute.log
	serve -l 127.0.0.1:0 -r routes --hello-timeout 0.5
	n=0
	said ok "$whole" 7 no-route hello:none.test read
	said ok "$pieces" 7 no-route hello:none.test,pad=900,split=100 read
	said ok "$pieces" 7 no-route pieces:50:0.002 hello:none.test,pad=900,split=100 read
	said ok "$whole" 7 denied hello:deny.test read
	said ok "$whole" 7 unreachable hello:away.test read
	said malformed 5 7 hello hex:1603014001 read
	said not-tls 5 0 hello send:GET\ / read
	said eof 4 0 hello hex:16030101 shut read
	said timeout 4 0 hello hex:16030101 read
	said eof 0 0 hello shut read
	stop sniroute

	rm -f sniroute.log
	serve -l 127.0.0.1:0 -r routes --accept-proxy --hello-timeout 0.5
	n=0
	said eof 0 0 hello 'send:PROXY TCP4 192.0.2.9' shut read
	said timeout 0 0 hello 'send:PROXY TCP4 192.0.2.9' read
	said malformed 0 0 hello 'send:PROXY TCP4 1' 'send:.2.3\r\n' read
	said eof 0 0 hello 'send:PROXY TCP4 192.0.2.9 192.0.2.8 7 443\r\n' shut read
	said eof 4 0 hello 'send:PROXY TCP4 192.0.2.9 192.0.2.8 7 443\r\n' hex:16030101 shut read
	said ok "$whole" 7 no-route 'send:PROXY TCP4 192.0.2.9 192.0.2.8 7 443\r\n' hello:none.test read
	stop sniroute
done
for kind in tcp pipes; do
	peer one $kind hello:none.test read -- "$SNIROUTE" -r routes 2>err >/dev/null
	same "hello=ok rx=$whole tx=7 end=no-route" "$(line <err)" "one connection, $kind"
done
