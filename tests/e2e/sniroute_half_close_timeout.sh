#!/bin/sh
# SPDX-License-Identifier: ISC
# When one direction has ended, the other may be silent for --half-close-timeout, or --idle-timeout if that is over first (0 is
# off); while bytes move it stays. It ends in a reset: half an answer must not look like a whole one.
. "${0%/*}/lib.sh"

backend half send:half wait:never
backend trickle pieces:1:0.4 send:abcdef shut read
cat >routes <<-END
	trickle.example.org  tls=$READY
	*                    tls=$(addr_of half)
END
serve -l 127.0.0.1:0 -r routes --half-close-timeout 1.2

begin=$(now_ms)
same 'got=half end=reset' "$(client "$ADDR" hello:www.example.org shut read)"
ms=$(($(now_ms) - begin))
[ $ms -ge 1100 ] && [ $ms -lt 5000 ] || fail "ended after $ms ms"
logged 'conn=1 .* end=half-close$'
same "got=abcdef end=eof" "$(client "$ADDR" hello:trickle.example.org shut read)"
logged 'conn=2 .* end=closed$'
stop sniroute

# ends_by END OPTION...: of a connection half-closed and silent, within 1 s or so
ends_by() {
	by=$1; shift
	rm -f sniroute.log
	serve -l 127.0.0.1:0 -r routes "$@"
	begin=$(now_ms)
	client "$ADDR" hello:www.example.org shut read >/dev/null
	[ $(($(now_ms) - begin)) -lt 3000 ] || fail "$*: ended late"
	logged "conn=1 .* end=$by$"
	stop sniroute
}
ends_by idle --half-close-timeout 0 --idle-timeout 0.5
ends_by idle --half-close-timeout 5 --idle-timeout 0.5
ends_by half-close --half-close-timeout 0.5 --idle-timeout 0
ends_by half-close --half-close-timeout 0.5 --idle-timeout 5
