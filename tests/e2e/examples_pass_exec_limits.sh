#!/bin/sh
# SPDX-License-Identifier: ISC
# pass-exec: no more than -c programs at once, the next ones wait; what is no hand-over starts nothing.
. "${0%/*}/lib.sh"

PASSEXEC=$ROOT/$BUILD/examples/pass-exec
start pass-exec "$PASSEXEC" -c 2 -n 9 "$T/cat.sock" cat
echo "127.0.0.1:0 tcp=pass:$T/cat.sock" >routes
serve -r routes

for i in 1 2 3; do
	spawn client$i python3 -SE "$TESTS/peer.py" client "$ADDR" send:$i. recv:2 touch:served$i wait:go shut read
done
wait_for 5 sh -c 'ls served* | wc -l | grep -qx 2' || fail "two programs do not run"
sleep 0.3
same 2 "$(pgrep -c -P "$(pid_of pass-exec)")" "programs at once"
touch go
wait_for 5 sh -c 'ls served* | wc -l | grep -qx 3' || fail "the third client was not served"
for i in 1 2 3; do ends client$i 0; done

# No header, half a header, a header without a socket, a sender that says nothing more.
client "unix:$T/cat.sock" send:hello shut read >/dev/null
client "unix:$T/cat.sock" 'hex:0d0a0d0a' shut read >/dev/null
client "unix:$T/cat.sock" proxy2:192.0.2.1:1,192.0.2.2:2 shut read >/dev/null
logged_times 2 'error: the message handed over is not a whole PROXY header$' pass-exec
logged 'error: no descriptor came with the message$' pass-exec
has "$(client "$ADDR" send:still. recv:6)" '^got=still\.$'

exits 0 "$PASSEXEC" -h
exits 100 "$PASSEXEC"
exits 100 "$PASSEXEC" "$T/x.sock"
exits 100 "$PASSEXEC" x.sock cat
exits 100 "$PASSEXEC" -c 0 "$T/x.sock" cat
exits 100 "$PASSEXEC" -Z "$T/x.sock" cat
exits 100 "$PASSEXEC" -n 99 "$T/x.sock" cat
has "$(cat err)" '-n 99: not an open descriptor$'
exits 111 "$PASSEXEC" "$T/missing/x.sock" cat
exits 111 "$PASSEXEC" "$T/cat.sock" cat
