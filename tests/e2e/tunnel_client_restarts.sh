#!/bin/sh
# SPDX-License-Identifier: ISC
# tunnelc is asked to stop and the next one started at once: it is welcome beside the old one, whose visitors finish.
. "${0%/*}/lib.sh"

backend halves data:4m wait:go data:4m shut && HALVES=$READY
named old && OLD=$READY
named new && NEW=$READY
hub --park 10 -m "unix:$T/metrics"
tunnel c "tcp=$HALVES" "http=$OLD"
NAME=$ID.tun.test
base=$(fds tunneld)
cp -p c.key d.key
spawn_peer down client "unix:$T/visitors" "pass:$NAME,kind=tcp" skip:1 touch:there sum
wait_for 20 test -e there
same "got=old end=eof" "$(visit "$NAME,kind=http" shut read)"
signal c TERM
logged 'stopping: 1 visitor has 30 s to finish' c

# Who comes in between waits for the next one, which is not one too many.
spawn_peer between client "unix:$T/visitors" "visitor:$NAME,kind=http" shut read
metric_is 1 tunneld_parked_visitors
tunnel d "http=$NEW"
ends between 0
same "got=new end=eof" "$(cat between.log)"
same 1 "$(count 'link=' d)" "changes of the new session"
same "10 x got=new end=eof" "$(peer crowd 10 "unix:$T/visitors" "visitor:$NAME,kind=http" shut read)"

touch go
ends down 0 20
has "$(cat down.log)" '^bytes=8388607 .* end=eof$'
ends c 0
logged 'route=tcp .* end=closed$' c
metric_is 1 tunneld_sessions
fds_back "$base" tunneld
