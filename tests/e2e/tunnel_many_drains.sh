#!/bin/sh
# SPDX-License-Identifier: ISC
# tunnelc: of sessions a server has drained eight are kept for their visitors; the next one ends the oldest, and the log says so.
. "${0%/*}/lib.sh"

backend holds send:hi wait:never && HOLDS=$READY
# Ten times a visitor and a drain, then a session that stays.
DRAIN='{"type":"drain","after_ms":0,"within_ms":1}'
set --
for n in $(seq 10); do
	set -- "$@" hello welcome visitor:2:x.test,kind=tls until:2:hi "line:$DRAIN" goaway until:eof --
done
hub_by_hand "$@" hello welcome sleep:60
key c.key >/dev/null
spawn c "$TUNNELC" -s "$READY" -k "$SERVER" -i c.key "tls=$HOLDS" --grace 0

# Ten drains: the first session goes with the ninth, the second one with the tenth; a place is kept for each of the others.
wait_for 30 has_lines 11 'link=up' c || fail "not back: $(cat c.log)"
logged_times 2 'link=cut visitors=1 reason=' c
logged_times 2 'conn=[0-9]+ .* end=client-reset$' c
logged '^1 eof' hub
logged '^2 eof' hub
logged 'link=cut visitors=1 reason="8 later ones have visitors to finish, too"$' c
same "1 2" "$(sed -n 's/ eof$//p' hub.log | sort -n | paste -sd ' ')" "sessions that ended"
