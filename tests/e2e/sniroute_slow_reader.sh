#!/bin/sh
# SPDX-License-Identifier: ISC
# A receiver that reads in sips slows the sender down and gets every byte unchanged, in either direction.
. "${0%/*}/lib.sh"

sips=$(peer hello sips.example.org | wc -c) gives=$(peer hello gives.example.org | wc -c)
backend sips timeout:60 recv:$sips sips:30011:0.004 sum
backend gives timeout:60 recv:$gives data:8m shut read
printf '%s\n' "sips.example.org tls=$(addr_of sips)" "gives.example.org tls=$(addr_of gives)" >routes
serve -l 127.0.0.1:0 -r routes

client "$ADDR" timeout:60 hello:sips.example.org data:8m shut read >client.out
has "$(cat client.out)" '^got= end=eof$'
sha=$(sed -n 's/^sent=8388608 sha=//p' client.out)
logged "^1 bytes=8388608 sha=$sha end=eof$" sips
spawn_peer other client "$ADDR" timeout:60 hello:gives.example.org sips:30011:0.004 sum
ends other 0 60
has "$(cat other.log)" "^bytes=8388608 sha=$sha end=eof$"
