#!/bin/sh
# SPDX-License-Identifier: ISC
# A published file that is written in place, in two halves, loses no route of the half that comes later.
. "${0%/*}/lib.sh"

redis
part() { seq "$1" "$2" | sed 's/.*/n&.example tls=127.0.0.1:443/'; }
part 1 25 >first
part 26 50 >second
cat first second >live
start pub "$ROUTESYNC" -n 9 --publish live --ttl 60 "$STORE"
published() { [ "$(redis-cli -s redis.sock --scan | grep -c "/live/.*$1")" = "$2" ]; }
published example 50 || fail "not published"
spawn monitor redis-cli -s redis.sock monitor
deleted() { grep -c '"DEL"' monitor.log || :; }
watches() { r ping && grep -qi '"ping"' monitor.log; }
wait_for 5 watches || fail "no monitor"

# Write it eight times; prints the longest time in ms that half a file lay there.
write_halves() {
	python3 -SE - <<'END'
import time

def write():
    began = time.monotonic()
    with open("live", "w") as f:
        f.write(open("first").read())
        f.flush()
        time.sleep(0.15)
        f.write(open("second").read())
    return time.monotonic() - began

took = []
for _ in range(8):
    took.append(write())
    time.sleep(0.35)
print(int(max(took) * 1000))
END
}

# What two looks, a quarter of a second apart, find the same counts as written: a machine so busy that a half was proves nothing.
for last in 51 52 53 54 55; do
	before=$(deleted)
	longest=$(write_halves)
	now=$(deleted)
	part $last $last | tee -a second >>live
	wait_for 10 published "n$last.example" 1 || fail "the last change is not published"
	[ "$longest" -ge 200 ] || break
done
published example "$last" || fail "some are gone: $(redis-cli -s redis.sock --scan)"
[ "$longest" -lt 200 ] || skip "too busy a machine: half a file lay there for $longest ms"
same "$before" "$now" "routes deleted while the file held them"
