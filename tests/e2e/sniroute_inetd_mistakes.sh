#!/bin/sh
# SPDX-License-Identifier: ISC
# Under inetd "nowait", where standard error is the client too, no mistake of the operator is told to clients.
. "${0%/*}/lib.sh"

echo 'www.example.org bogus=1' >routes
printf '#!/bin/sh\nexec "$@" 2>&1\n' >nowait
chmod +x nowait
silent() {
	local code="$1"; shift
	same "got= end=eof exit=$code" "$(peer one tcp read -- ./nowait "$@" | paste -s -d ' ')" "$*"
}
silent 100 "$SNIROUTE" -r routes
silent 100 "$SNIROUTE" --hello-timout 3
silent 100 "$SNIROUTE" --hello-max 0
silent 100 "$SNIROUTE" -r routes --accept-proxy=bad
silent 111 "$HTTPREDIR" -w missing

# Elsewhere they are, also to who has started us with a socketpair for all three, as sshd does for "... 2>&1".
has "$(peer one socketpair read -- ./nowait "$HTTPREDIR" -w missing)" '^got=httpredir:.x20error:.x20--webroot'
exits 111 "$HTTPREDIR" -w missing
has "$(cat err)" '^httpredir: error: --webroot missing: '
