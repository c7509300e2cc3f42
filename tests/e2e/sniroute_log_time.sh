#!/bin/sh
# SPDX-License-Identifier: ISC
# --log-time begins every line with an RFC 3339 UTC time; without it a line begins with the tool's name.
. "${0%/*}/lib.sh"

named a
export TZ=TST-5	# must not matter
serve -l 127.0.0.1:0 -t "$READY" --log-time
client "$ADDR" shut read >/dev/null
logged '^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]+)?Z sniroute: info: conn=1 '
same 0 "$(grep -cvE '^20[0-9-]{8}T[0-9:.]+Z sniroute: [a-z]+: ' sniroute.log)"
stamp=$(sed -n '$s/ .*//p' sniroute.log)
off=$(($(date +%s) - $(date -d "$stamp" +%s)))
[ $off -ge 0 ] && [ $off -lt 30 ] || fail "the time is off by $off s"
stop sniroute
rm sniroute.log
serve -l 127.0.0.1:0 -t "$(addr_of a)"
client "$ADDR" shut read >/dev/null
logged '^sniroute: info: conn=1 '
