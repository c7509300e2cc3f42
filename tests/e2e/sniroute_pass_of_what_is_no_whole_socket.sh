#!/bin/sh
# SPDX-License-Identifier: ISC
# A client that can't be handed over (two pipes, or its hello was read) goes to the next target, or gets alert 80; the receiver is
# not held off for it.
. "${0%/*}/lib.sh"

named relayed
start_peer tunneld receiver "unix:$T/visitors" send:passed shut read
cat >two <<-END
	* tls=pass:$T/visitors,$(addr_of relayed) balance=first
END
echo "* tls=pass:$T/visitors" >one

same "got=relayed end=eof exit=0" "$(peer one pipes hello:a.test shut read -- "$SNIROUTE" -r two 2>sniroute.log | paste -sd ' ')"
logged "target=$(addr_of relayed) hello=ok .* end=closed$"
same "alert=80 version=0303 end=eof exit=111" \
    "$(peer one pipes hello:a.test alert -- "$SNIROUTE" -r one 2>sniroute.log | paste -sd ' ')"
logged "target=- hello=ok rx=[1-9][0-9]* tx=7 .* end=unreachable$"
logged "pass:$T/visitors: this client can't be handed over"
same "got=passed end=eof exit=0" "$(peer one tcp hello:a.test shut read -- "$SNIROUTE" -r one 2>sniroute.log | paste -sd ' ')"

# Half a hello is there when the pass: line comes.
half() {
	echo "* tls=$(addr_of relayed)" >routes
	stop_served
	serve -l 127.0.0.1:0 -r routes
	rm -f go
	spawn_peer half client "$ADDR" file:first touch:said wait:go file:rest shut alert
	wait_for 5 test -e said
	rm said
	sleep 0.2
	mv "$1" routes
	reads=$(count 'routes: read')
	signal sniroute HUP
	wait_for 5 read_again || fail "no reload"
	touch go
	ends half 0
}
read_again() { [ "$(count 'routes: read')" -gt "$reads" ]; }
stop_served() { [ -z "${ADDR:-}" ] || stop sniroute; }
peer hello a.test >whole
head -c 40 whole >first
tail -c +41 whole >rest
half one
has "$(cat half.log)" '^alert=80 version=0303 end=eof$'
logged 'target=- hello=ok rx=[1-9][0-9]* tx=7 .* end=unreachable$'
same "got=passed end=eof" "$(client "$ADDR" hello:a.test shut read)" "the next client"
half two
has "$(cat half.log)" '^got=relayed end=eof$'
not_logged 'held off'
same 2 "$(grep -c fds=1 tunneld.log)"
