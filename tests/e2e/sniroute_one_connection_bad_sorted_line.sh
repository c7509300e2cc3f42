#!/bin/sh
# SPDX-License-Identifier: ISC
# A bad line of a sorted file that is searched hides its name from the next file, too: who it denies comes in nowhere else.
. "${0%/*}/lib.sh"

named a
echo "* tls=$READY" >second
one() { peer one tcp "hello:$1" alert -- "$SNIROUTE" -r first -r second 2>>sniroute.log; }
printf '%s\n' '#!routes sorted' "a.test tls=$READY deny=127.0.0.0/8 bogus=1" "b.test tls=$READY" >first
same "alert=112 version=0303 end=eof exit=100" "$(one a.test | paste -sd ' ' -)"
logged 'error: routes: first:2: unknown key "bogus"'
logged 'name=a.test route=- .* end=no-route$'
has "$(peer one tcp hello:c.test shut read -- "$SNIROUTE" -r first -r second 2>>sniroute.log)" '^got=a end=eof'
