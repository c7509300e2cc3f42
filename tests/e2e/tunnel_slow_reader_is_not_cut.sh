#!/bin/sh
# SPDX-License-Identifier: ISC
# Bytes on their way from tunneld's kernel to a slow visitor are no silence, and what ended in order is not lost by a deadline.
. "${0%/*}/lib.sh"

backend ends data:2m shut wait:never && ENDS=$READY
backend stays data:2m wait:never && STAYS=$READY
ID=$(key c.key)
echo "$ID names=*.test" >auth
hub -a auth --visitors 127.0.0.1:0 --half-close-timeout 0.8 --idle-timeout 0.8
VISITORS=${READY##* }
tunnel c "tcp:ends.test=$ENDS" "tcp:stays.test=$STAYS" --half-close-timeout 0 --idle-timeout 0

# 800 kB a second, several times as long as the limits
out=$(client "$VISITORS" ahead:32k visitor:ends.test,kind=tcp sips:8192:0.01 sum)
has "$out" '^bytes=2097152 .* end=eof$'
out=$(client "$VISITORS" ahead:32k visitor:stays.test,kind=tcp sips:8192:0.01 sum)
has "$out" '^bytes=2097152 .* end=reset$'
logged 'name=stays.test .* end=idle$' tunneld
