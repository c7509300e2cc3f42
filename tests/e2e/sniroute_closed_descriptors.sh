#!/bin/sh
# SPDX-License-Identifier: ISC
# Started with standard descriptors closed a tool does not take another one for them; -n names one that is open.
. "${0%/*}/lib.sh"

printf '%s\n' '# my routes' '' 'www.example.org tls=10.0.0.2' 'www.example.com tls=10.0.0.2:443' >bad
{ echo 'a bad line'; seq -f 'host%g.example.org tls=10.0.0.2:443' 20; } >worse
echo '* tls=127.0.0.1:1' >routes
# closed CODE CMD...: with all three closed
closed() { local want="$1" got; shift; "$@" <&- >&- 2>&- && got=0 || got=$?; same "$want" "$got" "$*"; }
for tool in "$SNIROUTE" "$HTTPREDIR"; do
	closed 100 "$tool" -c -r bad
	closed 100 "$tool" -c -r worse
	closed 0 "$tool" -c -r routes
done
has "$("$SNIROUTE" -r routes -x - <&- 2>&1 || :)" 'hello=eof'

for tool in "$SNIROUTE -l 127.0.0.1:0 -r routes" "$SNIROUTE -j 3 -l 127.0.0.1:0 -r routes" "$ROUTESYNC -o r redis://127.0.0.1:1"; do
	# shellcheck disable=SC2086 # words are wanted
	exits 100 timeout 5 $tool -n 77
	has "$(cat err)" 'error: --notify-fd 77: not an open descriptor'
done
