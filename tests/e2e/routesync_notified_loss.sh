#!/bin/sh
# SPDX-License-Identifier: ISC
# A store that is emptied at one blow, and says so key by key, is judged as one loss: not a name leaves the file.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
watched() { redis-cli -s redis.sock pubsub numpat | grep -qx 1; }
# delete N [FIRST]: N routes in one command
delete() { r eval "for i = ${2:-1}, $((${2:-1} + $1 - 1)) do redis.call('del', '/tcprouter/service/h' .. i .. '.example') end" 0; }

losses=0
for n in 300 2500 9000; do
	many "$n"
	sync -i 3600 "$STORE"
	wait_for 5 watched || fail "no subscription"
	sleep 0.3	# the refresh behind it
	routes_count "$n"
	before=$(stat -c %i routes)
	delete "$n"
	losses=$((losses + 1))
	logged_times 1 "held back: $n of $n" sync
	sleep 1.2
	logged_times $losses 'held back:' sync
	same "$before" "$(stat -c %i routes)" "the file of $n routes"
	# what is confirmed goes, all of it
	signal sync USR1
	routes
	stop sync
	rm routes
done

# fewer than --max-shrink go without a question, and so does one alone, almost as soon as one comes
many 2500
sync -i 3600 "$STORE"
wait_for 5 watched || fail "no subscription"
sleep 0.3
delete 1000 1501
routes_count 1500
cat >changes.py <<-'END'
	import socket, time
	store = socket.socket(socket.AF_UNIX)
	store.connect("redis.sock")
	def took(command, done, what):
	    begin = time.monotonic()
	    store.sendall(command)
	    while not done(open("routes", "rb").read()):
	        assert time.monotonic() < begin + 2, what + " is not seen"
	        time.sleep(0.002)
	    return (time.monotonic() - begin) * 1000
	for i in range(1, 11):
	    add = took(b"SET /tcprouter/service/new%d.example tls=10.0.0.2:443\r\n" % i, lambda t: b"\nnew%d.ex" % i in t, "addition %d" % i)
	    remove = took(b"DEL /tcprouter/service/h%d.example\r\n" % i, lambda t: b"\nh%d.ex" % i not in t, "removal %d" % i)
	    print("later=%d" % (remove - add))
END
python3 -SE changes.py >later || fail "$(cat later)"
late=$(grep -cE '=[0-9]{3,}' later || :)
sanitized || [ "$late" -le 5 ] || fail "$late removals took 100 ms more than additions: $(xargs <later)"
logged_times $losses 'held back:' sync
