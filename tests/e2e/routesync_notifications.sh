#!/bin/sh
# SPDX-License-Identifier: ISC
# Where the server sends notifications, a change is in the file within 100 ms; when they are switched on later as well.
. "${0%/*}/lib.sh"

redis redis --notify-keyspace-events KA
put a tls=10.0.0.1:443
sync -i 3600 "$STORE"
watched() { redis-cli -s redis.sock pubsub numpat | grep -qx 1; }
wait_for 5 watched || fail "no subscription"
sleep 0.2	# the refresh behind it

# The median counts: the machine has other things to do.
cat >changes.py <<-'END'
	import socket, time
	store = socket.socket(socket.AF_UNIX)
	store.connect("redis.sock")
	for i in range(1, 21):
	    time.sleep(0.15)
	    begin = time.monotonic()
	    store.sendall(b"SET /tcprouter/service/a tls=10.0.0.1:%d\r\n" % i)
	    while ":%d\n" % i not in open("routes").read():
	        assert time.monotonic() < begin + 2, "change %d is not seen" % i
	        time.sleep(0.002)
	    print("took=%d" % ((time.monotonic() - begin) * 1000))
END
python3 -SE changes.py >took || fail "$(cat took)"
late=$(grep -cE '=[0-9]{3,}' took || :)
sanitized || [ "$late" -le 10 ] || fail "$late changes took 100 ms and more: $(xargs <took)"
put b tls=10.0.0.2:443
routes 'a tls=10.0.0.1:20' 'b tls=10.0.0.2:443'
r del /tcprouter/service/a
routes 'b tls=10.0.0.2:443'
r set /tcprouter/service/c tls=10.0.0.3:443 px 100
routes 'b tls=10.0.0.2:443'
r rename /tcprouter/service/b /tcprouter/service/d
routes 'd tls=10.0.0.2:443'

stop sync
r config set notify-keyspace-events ''
sync -i 0.3 "$STORE"
r config set notify-keyspace-events KA
wait_for 5 watched || fail "not noticed that notifications are on"
same KA "$(redis-cli -s redis.sock config get notify-keyspace-events | tail -n 1 | tr -d '\n' | sed 's/AK/KA/')"
