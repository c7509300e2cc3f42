#!/bin/sh
# SPDX-License-Identifier: ISC
# The one-connection launch ends with 0 when served, 100 when it refused, 111 when something failed.
. "${0%/*}/lib.sh"

backend back send:hi shut read
port=${READY##*:}
cat >routes <<-END
	www.example.org   tls=127.0.0.1:$port
	deny.example.org  tls=127.0.0.1:$port deny=0.0.0.0/0
	away.example.org  tls=127.0.0.1:1
	in.example.org    tls=127.0.0.1:$port allow=10.0.0.0/8
END

while read -r exit hears words; do
	for kind in tcp socketpair pipes; do
		[ "$kind" = tcp ] || case $words in *deny*) continue ;; esac
		# shellcheck disable=SC2086 # words are wanted
		out=$(peer one $kind $words -- sh -c 'sleep 0.1; exec "$@"' sh "$SNIROUTE" -r routes --hello-timeout 0.5 2>err)
		has "$out" "^exit=$exit$"
		has "$out" "^($hears) ?.*end=(eof|reset)"
		same 1 "$(grep -c 'conn=.* end=' err)" "one line: $words"
	done
done <<-END
	0    got=hi     hello:www.example.org shut read
	100  alert=112  hello:nobody.example.org alert
	100  alert=112  hello:,nosni alert
	100  alert=49   hello:deny.example.org alert
	100  alert=49   hello:in.example.org alert
	100  alert=50   hello:www.example.org,ext=ff alert
	100  alert=50   hello:www.example.org,pad=16400 alert
	100  got=       send:GET read
	111  alert=80   hello:away.example.org alert
	111  got=       hex:1603 read
	111  got=       hex:1603 shut read
END
