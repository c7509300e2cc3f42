#!/bin/sh
# SPDX-License-Identifier: ISC
# With a pass: line, which leaves hellos in the socket, one in so many small records that the socket can't hold it is served all
# the same, and an unfinished one costs no processor time.
. "${0%/*}/lib.sh"

named back
cat >routes <<-END
	p.test  tls=pass:$T/away,$READY balance=first
	*       tls=$READY
END
serve -l 127.0.0.1:0 -r routes --hello-max 65536

answers www.test,pad=30000,split=1 back || fail "30000 records"
answers www.test,pad=65000,split=1 back || fail "65000 records"
answers www.test,pad=65000,split=5 back || fail "records of 5 bytes"
answers p.test,pad=65000,split=1 back || fail "a target behind pass:"

peer hello www.test,pad=16000,split=1 | head -c 95000 >unfinished
before=$(cpu_ms "$(pid_of sniroute)")
has "$(client "$ADDR" file:unfinished timeout:2 read)" 'end=timeout$'
used=$(($(cpu_ms "$(pid_of sniroute)") - before))
[ $used -lt 500 ] || fail "$used ms of processor time in 2 s"
