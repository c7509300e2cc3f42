#!/bin/sh
# SPDX-License-Identifier: ISC
# What tunnelc cuts, by a timer or at the end of the grace, ends in a reset for the service: half a request must not look like
# a whole one.
. "${0%/*}/lib.sh"

backend takes recv:4 read && TAKES=$READY
hub
tunnel c "tcp=$TAKES" --idle-timeout 1 -g 0.5
same "got= end=reset" "$(hand_over "$ID.tun.test,kind=tcp" send:half read)"
logged 'route=tcp .* rx=4 tx=0 .* end=idle' c
logged '^1 got=half$' takes
logged '^1 got= end=reset$' takes
spawn_peer cut client "unix:$T/visitors" "pass:$ID.tun.test,kind=tcp" send:more read
logged '^2 got=more$' takes
signal c TERM
ends c 0
logged 'route=tcp .* rx=4 tx=0 .* end=drain' c
logged '^2 got= end=reset$' takes
