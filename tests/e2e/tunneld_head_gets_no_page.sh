#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld: a HEAD is answered without a page, in however many pieces it comes and whoever has heard it; other requests get one.
. "${0%/*}/lib.sh"

ID=$(login a)
echo "$ID" >auth
hub -a auth
ADDR=$TUNNEL
# asks NAME TEXT: the word for a visitor of kind http whose header and first bytes are one write
hex() { printf %b "$1" | od -An -v -tx1 | tr -d ' \n'; }
asks() {
	printf 'hex:0d0a0d0a000d0a515549540a2000%04x02%04x%s%s%s' $((3 + ${#1} + 7)) ${#1} "$(hex "$1")" e0000468747470 "$(hex "$2")"
}
visit() { client "unix:$T/visitors" timeout:10 "$@" read; }
# paged STATUS ANSWER; bare STATUS ANSWER: nothing behind the head, nor is it announced
paged() { has "$2" "^got=HTTP/1.1.x20$1.*x0aContent-Length: ?.x20[1-9].*</html>"; }
bare() {
	has "$2" "^got=HTTP/1.1.x20$1.*x0d.x0a.x0d.x0a end=eof\$"
	lacks "$2" 'Content-Length'
}
REST=' / HTTP/1.1\r\nHost: x\r\n\r\n'

# ---- nobody has heard it ----
bare 404 "$(visit "$(asks no.test "HEAD$REST")")"
bare 404 "$(visit "$(asks no.test H)" sleep:0.1 send:EA sleep:0.1 "send:D$REST")"
paged 404 "$(visit "$(asks no.test G)" sleep:0.1 "send:ET$REST")"
paged 404 "$(visit "$(asks no.test HE)" sleep:0.1 "send:LLO$REST")"

# ---- the client has heard it, and its service does not want it ----
# refused WORD...: what this visitor is told
refused() {
	: >client.log
	by_hand client "$ADDR" a.key hello get reset >client.log &
	CLIENT=$!
	wait_for 10 grep -q ^welcome client.log || fail "no client"
	"$@"
	wait "$CLIENT" || :
}
bare 502 "$(refused visit "$(asks "$ID.tun.test" "HEAD$REST")")"
paged 502 "$(refused visit "$(asks "$ID.tun.test" "GET$REST")")"
bare 502 "$(refused visit "$(asks "$ID.tun.test" HE)" sleep:0.1 "send:AD$REST")"
paged 502 "$(refused visit "$(asks "$ID.tun.test" GE)" sleep:0.1 "send:T$REST")"
# Known by a look at a socket that was handed over.
bare 502 "$(refused by_hand visitor unix:visitors "pass:$ID.tun.test,local" "send:HEAD$REST" read)"
paged 502 "$(refused by_hand visitor unix:visitors "pass:$ID.tun.test,local" "send:GET$REST" read)"
# It may be either: its first byte comes when the stream is there.
bare 502 "$(refused visit "$(asks "$ID.tun.test" '')" sleep:0.3 "send:HEAD$REST")"
