#!/bin/sh
# SPDX-License-Identifier: ISC
# Visitors under way when the server is killed, when services reset, when visitors do: no descriptor and no visitor is left behind.
. "${0%/*}/lib.sh"

backend echo echo && ECHO=$READY
backend rude recv:3 rst && RUDE=$READY
at=127.0.0.1:$(free_port)
hub -l "$at"
tunnel c "tcp=$ECHO" "tls=$RUDE" "http=127.0.0.1:$(free_port)"
crowd() { peer crowd "$1" "unix:$T/visitors" "visitor:$ID.tun.test,kind=$2" timeout:20 "$3" "$4" "$5"; }
busy() { [ "$(fds c)" -ge $((before + 40)) ]; }
before=$(fds c)

same "60 x end=eof" "$(crowd 60 tcp data:200k shut sum | sed 's/sent=.* end/end/')"
same "20 x got= end=eof" "$(crowd 20 tls send:abc read print:x | sed 's/ x$//')"
crowd 20 http 'send:GET / HTTP/1.1\r\nHost: x\r\n\r\n' shut read | grep -q 502 || fail "no 502"
crowd 30 tcp data:1m rst print:x >/dev/null
fds_back "$before" c

# Killed under load: the visitors' services see their connections end.
peer crowd 40 "unix:$T/visitors" "visitor:$ID.tun.test,kind=tcp" timeout:20 duplex:200m >crowd.out 2>&1 &
crowd=$!
wait_for 10 busy || fail "not all came"
kill -9 "$(pid_of tunneld)"
wait_for 5 gone "$(pid_of tunneld)"
forget tunneld
wait $crowd || :
fds_back "$before" c
logged_times 70 'end=client-reset' c	# 30 and 40
hub -l "$at"
wait_for 20 has_lines 2 'link=up' c || fail "it does not come back"
same "got=hello end=eof" "$(visit "$ID.tun.test,kind=tcp" send:hello shut read)"
signal c USR1
logged 'link=up .* visitors=0 ' c
