#!/bin/sh
# SPDX-License-Identifier: ISC
# A target that failed is skipped for a second, twice as long after the next failure; when all are skipped they are tried.
. "${0%/*}/lib.sh"

named a "unix:$T/a.off"
named b "unix:$T/b.sock"
cat >routes <<-END
	two.example.org  tls=unix:$T/a.sock,unix:$T/b.sock balance=first
	one.example.org  tls=unix:$T/c.sock
END
serve -l 127.0.0.1:0 -r routes

# fails: a is away and the next connection finds out; back: a works again, and until MS later nothing goes there
fails() {
	answers two.example.org b || fail "no failover"
}
back() {
	mv a.off a.sock
	until answers two.example.org a; do
		[ $(($(now_ms) - failed)) -lt $(($1 + 2000)) ] || fail "a target that works again is not used"
		sleep 0.1
	done
	[ $(($(now_ms) - failed)) -ge "$1" ] || fail "a target that failed was used within $1 ms"
}
failed=$(now_ms)
fails
back 1000
mv a.sock a.off
fails
sleep 1.2
failed=$(now_ms)
fails
back 2000

refuses one.example.org 80
named c "unix:$T/c.sock"
answers one.example.org c || fail "the only target was skipped"
