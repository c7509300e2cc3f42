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

answers two.example.org b || fail "no failover"
mv a.off a.sock
answers two.example.org b || fail "a target that just failed was tried again"
begin=$(now_ms)
wait_for 4 answers two.example.org a || fail "a target that works again is not used"
[ $(($(now_ms) - begin)) -lt 2000 ] || fail "it was skipped for more than about a second"

mv a.sock a.off
answers two.example.org b || fail "no failover"
sleep 1.1
answers two.example.org b || fail "no failover"	# failed twice now: two seconds
mv a.off a.sock
sleep 1.2
answers two.example.org b || fail "skipped no longer after the second failure"
wait_for 3 answers two.example.org a || fail "not used after two seconds"

refuses one.example.org 80
named c "unix:$T/c.sock"
answers one.example.org c || fail "the only target was skipped"
