#!/bin/sh
# SPDX-License-Identifier: ISC
# Unix sockets listen and are dialled, by path and abstract; the peer of one is "unix".
. "${0%/*}/lib.sh"

named a "unix:$T/a.sock"
named b "unix:@tcproute-test-$$-b"
cat >routes <<-END
	a.example.org  tls=unix:$T/a.sock
	b.example.org  tls=unix:@tcproute-test-$$-b
END
(umask 077; exec "$SNIROUTE" -n 9 -l "unix:$T/in.sock" -l "unix:@tcproute-test-$$-in" -r routes 9>ready 2>sniroute.log) &
started sniroute $! "$SNIROUTE"
wait_for 5 grep -q . ready || fail "not ready"
same "unix:$T/in.sock unix:@tcproute-test-$$-in" "$(cat ready)"

for addr in "unix:$T/in.sock" "unix:@tcproute-test-$$-in"; do
	same "got=a end=eof" "$(ask "$addr" a.example.org)"
	same "got=b end=eof" "$(ask "$addr" b.example.org)"
done
has "$(client "unix:$T/in.sock" hello:nobody alert)" '^alert=112 version=0303 end=eof$'
same 600 "$(stat -c %a in.sock | tr 7 6)" "the mode follows umask"
logged "peer=unix name=a\.example\.org route=a\.example\.org target=unix:$T/a\.sock hello=ok"
