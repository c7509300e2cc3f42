#!/bin/sh
# SPDX-License-Identifier: ISC
# Wrong usage exits 100 and says why; -h and -V answer on standard output and exit 0.
. "${0%/*}/lib.sh"

named a
echo "* tls=$READY" >routes
exits 0 "$SNIROUTE" -h
has "$(cat out)" '--half-close-timeout'
has "$(cat out)" '--max-per-source'
exits 0 "$SNIROUTE" --help
exits 0 "$SNIROUTE" -V
has "$(cat out)" '^sniroute [0-9]+\.[0-9]+\.[0-9]+'
same "" "$(cat err)"

while read -r what args; do
	# shellcheck disable=SC2086 # words are wanted
	exits 100 timeout 10 "$SNIROUTE" $args
	[ -s err ] && [ ! -s out ] || fail "$what: no reason given"
	case $what in -*) has "$(cat err)" "$what" ;; esac
done <<-END
	nothing
	no-routes            -l 127.0.0.1:0
	both                 -l 127.0.0.1:0 -r routes -t $READY
	trailing             -l 127.0.0.1:0 -r routes trailing
	--frobnicate         -l 127.0.0.1:0 -r routes --frobnicate
	unknown              -l 127.0.0.1:0 -r routes -Z
	missing-value        -l 127.0.0.1:0 -r
	bad-address          -l 127.0.0.1 -r routes
	bad-address          -l 127.0.0.1:70000 -r routes
	bad-address          -l unix:relative -r routes
	bad-target           -l 127.0.0.1:0 -t 127.0.0.1
	bad-target           -l 127.0.0.1:0 -t :80
	idle-timeout         -l 127.0.0.1:0 -r routes --idle-timeout x
	hello-timeout        -l 127.0.0.1:0 -r routes --hello-timeout -1
	connect-timeout      -l 127.0.0.1:0 -r routes --connect-timeout 5s
	half-close-timeout   -l 127.0.0.1:0 -r routes --half-close-timeout 1e3
	grace                -l 127.0.0.1:0 -r routes -g -5
	workers              -l 127.0.0.1:0 -r routes -j 0
	workers              -l 127.0.0.1:0 -r routes -j x
	max-conns            -l 127.0.0.1:0 -r routes --max-conns 0
	max-conns            -l 127.0.0.1:0 -r routes --max-conns 12x
	max-per-source       -l 127.0.0.1:0 -r routes --max-per-source -1
	hello-max            -l 127.0.0.1:0 -r routes --hello-max 0
	metrics              -l 127.0.0.1:0 -r routes -m 9090
END

# -c tells every one of them
exits 100 "$SNIROUTE" -c -r badroutes --accept-proxy=zzz -l nonsense -m 9090
for what in badroutes zzz nonsense 9090; do
	has "$(cat err)" "$what"
done
exits 100 "$SNIROUTE" -c -t 127.0.0.1,x --accept-proxy=zzz
for what in '-t 127.0.0.1' '-t x' zzz; do
	has "$(cat err)" "$what"
done
for check in '' -c; do
	# shellcheck disable=SC2086 # no word is wanted where it is empty
	exits 100 timeout 10 "$SNIROUTE" -l 127.0.0.1:0 -l "unix:$T/both" -r routes -m "unix:$T/both" $check
	same "sniroute: error: --metrics unix:$T/both: that is the address of -l" "$(cat err)"
	# shellcheck disable=SC2086
	exits 100 timeout 10 "$SNIROUTE" -l "unix:$T/both" -l 127.0.0.1:0 -l "unix:$T/both" -l 127.0.0.1:0 -r routes $check
	same "sniroute: error: -l unix:$T/both is given twice" "$(cat err)"
done
exits 0 "$SNIROUTE" -l 127.0.0.1:0 -r routes -m 127.0.0.1:0 -c
exits 100 "$SNIROUTE" -c -t 127.0.0.1:1,,127.0.0.1:2
same 'sniroute: error: -t: empty item in the list of targets' "$(cat err)"
exits 100 "$SNIROUTE" -r routes -x a.test --accept-proxy=zzz
same '' "$(cat out)"

exits 111 timeout 10 "$SNIROUTE" -l 127.0.0.1:0 -r missing
has "$(cat err)" 'missing'
exits 111 timeout 10 "$SNIROUTE" -l "$READY" -r routes
has "$(cat err)" "$READY"
exits 111 timeout 10 "$SNIROUTE" -l 192.0.2.77:0 -r routes
serve -l 127.0.0.1:0 -r routes --hello-timeout 0.25 --idle-timeout=0 --connect-timeout 1.5 -g 0.5 --half-close-timeout 0
answers www.example.org a || fail "decimals and zeros"
