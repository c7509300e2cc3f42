#!/bin/sh
# SPDX-License-Identifier: ISC
# --idle-timeout and --half-close-timeout of visitors, counted from the last byte; --connect-timeout of targets.
. "${0%/*}/lib.sh"

backend echo echo && ECHO=$READY
backend mute read wait:never && MUTE=$READY
start_peer full full 127.0.0.1:0 && FULL=$READY
hub
tunnel c "tcp=$ECHO" "tls=$MUTE" "http=$FULL" --idle-timeout 1.5 --half-close-timeout 0.4 --connect-timeout 0.5

# for longer than --idle-timeout, with pauses much shorter than that
same "got=abcdef end=reset" "$(hand_over "$ID.tun.test,kind=tcp" pieces:1:0.35 send:abcdef recv:6 read | sed 's/got= //' | paste -sd ' ')"
logged 'route=tcp .* rx=6 tx=6 ms=(3[2-9]|[4-9][0-9])[0-9][0-9] end=idle' c
same "got= end=reset" "$(hand_over "$ID.tun.test,kind=tls" send:abc shut read)"
logged 'route=tls .* rx=3 tx=0 ms=([4-9]|1[0-9])[0-9][0-9] end=half-close' c
same "got= end=reset" "$(hand_over "$ID.tun.test,kind=tcp" read)"
begin=$(now_ms)
has "$(visit "$ID.tun.test,kind=http" 'send:GET / HTTP/1.1\r\nHost: x\r\n\r\n' read)" 'x20502'
took=$(($(now_ms) - begin))
[ $took -ge 450 ] && [ $took -lt 3000 ] || fail "502 after $took ms"
logged "route=http target=$FULL .* end=unreachable" c
not_logged 'link=down' c
