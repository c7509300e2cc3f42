#!/bin/sh
# SPDX-License-Identifier: ISC
# One connection whose wrapper holds our end, too: the client hears of its end, whether it got a byte or none. A socket handed
# over is left alone.
. "${0%/*}/lib.sh"

named a
printf '%s\n' "a.example.org tls=$READY" "away.example.org tls=127.0.0.1:1" "app.example.org tls=pass:$T/app" >routes
start_peer app receiver "unix:$T/app" sleep:0.5 send:app shut read
while read -r exit hears WORDS; do
	for kind in tcp socketpair sockets; do
		[ "$kind $hears" != 'sockets got=app' ] || continue	# two can't be handed over
		out=$(one_held $kind "$SNIROUTE" -r routes --hello-timeout 0.3)
		has "$out" "^($hears) ?.*end=eof"
		has "$out" "^exit=$exit\$"
	done
done <<-END
	0    got=a      hello:a.example.org shut read
	100  alert=112  hello:nobody.example.org alert
	111  alert=80   hello:away.example.org alert
	100  got=       send:GET read
	111  got=       hex:1603 read
	111  got=       hex:1603 shut read
	0    got=app    hello:app.example.org read
END

# Not even started: a file is refused.
echo bad >bad
has "$(WORDS=read one_held tcp "$SNIROUTE" -r bad)" '^got= end=eof$'

# What is cut off is a reset, which local sockets do not know.
backend breaks until:breaks.example.org rst
echo "breaks.example.org tls=$READY" >>routes
backend mute read wait:never
echo "mute.example.org tls=$READY" >>routes
for kind in tcp=reset socketpair=eof sockets=reset; do
	for name in breaks mute; do
		WORDS="hello:$name.example.org read"
		out=$(one_held ${kind%=*} "$SNIROUTE" -r routes --idle-timeout 0.3)
		has "$out" "got= end=${kind#*=}\$"
		has "$out" '^exit=111$'
	done
done
