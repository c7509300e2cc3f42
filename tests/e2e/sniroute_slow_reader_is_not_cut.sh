#!/bin/sh
# SPDX-License-Identifier: ISC
# Bytes on their way from the kernel to a slow reader are no silence, and nothing that ended in order is lost by a deadline.
. "${0%/*}/lib.sh"

backend ends data:2m shut read
backend stays data:2m wait:never
cat >routes <<-END
	ends.example.org   tls=$(addr_of ends)
	stays.example.org  tls=$(addr_of stays)
END
serve -l 127.0.0.1:0 -r routes --half-close-timeout 0.8 --idle-timeout 0.8

# 800 kB a second, several times as long as the limits
out=$(client "$ADDR" ahead:32k hello:ends.example.org sips:8192:0.01 sum)
has "$out" '^bytes=2097152 .* end=eof$'
out=$(client "$ADDR" ahead:32k hello:stays.example.org sips:8192:0.01 sum)
has "$out" '^bytes=2097152 .* end=reset$'
logged 'conn=2 .* end=idle$'
