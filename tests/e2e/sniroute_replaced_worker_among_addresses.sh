#!/bin/sh
# SPDX-License-Identifier: ISC
# A worker that was replaced while many addresses left few descriptors serves as many clients as the others once they are gone.
. "${0%/*}/lib.sh"

named a
echo "* tls=$READY" >few
{
	cat few
	for i in $(seq 300); do echo "unix:$T/$i tcp=$READY"; done
} >many
cp few routes
start sniroute sh -c 'ulimit -n 400; exec "$@"' sh "$SNIROUTE" -n 9 -j 2 -l 127.0.0.1:0 -r routes --hello-timeout 300
ADDR=${READY%% *}
workers() { pgrep -P "$(pid_of sniroute)"; }
# descriptors MIN MAX: in each of the two workers
descriptors()
{
	local n pid count=0

	for pid in $(workers); do
		n=$(find "/proc/$pid/fd" -type l 2>/dev/null | wc -l)
		[ "$n" -ge "$1" ] && [ "$n" -le "$2" ] || return 1
		count=$((count + 1))
	done
	[ $count = 2 ]
}
cp many new && mv new routes
wait_for 20 descriptors 301 400 || fail "not bound"
old=$(workers)
kill -9 $old
replaced() { local pid; for pid in $old; do case " $(workers | paste -sd ' ') " in *" $pid "*) return 1 ;; esac; done; }
wait_for 20 replaced || fail "not replaced"
wait_for 20 descriptors 301 400 || fail "not bound again"
cp few new && mv new routes
wait_for 20 descriptors 1 100 || fail "still bound"

# from 200 sources, half a hello each
peer hello www.example.org | head -c 60 >half
cat >herd.py <<-'END'
	import os, socket, sys, time
	host, port = sys.argv[1].split(":")
	half = open("half", "rb").read()
	held = []
	for i in range(200):
	    held.append(socket.create_connection((host, int(port)), source_address=("127.0.1.%d" % (i + 1), 0)))
	    held[-1].sendall(half)
	print("ready", flush=True)
	time.sleep(60)
END
spawn herd python3 herd.py "$ADDR"
wait_for 20 grep -q ready herd.log || fail "no herd"
for i in 1 2 3 4 5 6; do
	same "got=a end=eof" "$(client "$ADDR" from:127.0.2.$i timeout:10 hello:www.example.org shut alert)"
done
