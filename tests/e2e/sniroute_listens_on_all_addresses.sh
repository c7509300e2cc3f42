#!/bin/sh
# SPDX-License-Identifier: ISC
# :PORT listens on every address, v4 and v6, and a v4 client is logged as one.
. "${0%/*}/lib.sh"

named a
serve -l :0 -t "$READY"
same "got=a end=eof" "$(client 127.0.0.1:"$PORT" shut read)"
same "got=a end=eof" "$(client 127.0.0.2:"$PORT" shut read)"
same "got=a end=eof" "$(client "[::1]:$PORT" shut read)"
logged 'conn=1 peer=127\.0\.0\.1:[0-9]+ '
logged 'conn=3 peer=\[::1\]:[0-9]+ '
