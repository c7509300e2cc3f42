#!/bin/sh
# SPDX-License-Identifier: ISC
# A listening address of a routes file that can't be bound is told with file and line.
. "${0%/*}/lib.sh"

named taken
TAKEN=$READY
printf '%s\n' '* tls=127.0.0.1:1' '' "$TAKEN tcp=127.0.0.1:1" >routes
echo '* tls=127.0.0.1:1' >first
serve -l 127.0.0.1:0 -r first -r routes
logged_times 1 "error: routes: routes:3: listen $TAKEN: Address already in use; trying again\$"

# It may be the only one.
stop sniroute
serve -r routes
logged '^sniroute: info: ready on no address yet$' sniroute
