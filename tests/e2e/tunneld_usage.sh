#!/bin/sh
# SPDX-License-Identifier: ISC
# tunneld: wrong usage exits 100 and says why, what the system refuses exits 111; --id and --check.
. "${0%/*}/lib.sh"

ID=$(key server.key)
echo "$ID names=app.test" >auth
exits 0 "$TUNNELD" -h
has "$(cat out)" '--max-conns N +connections at once \(what'		# one process: not each worker's
has "$(cat out)" '--connect-timeout SECONDS +has no effect here'
has "$(cat out)" '--dead-after'
exits 0 "$TUNNELD" -V
has "$(cat out)" '^tunneld [0-9]+\.[0-9]+\.[0-9]+'
exits 0 "$TUNNELD" -i server.key --id
same "$ID" "$(cat out)"
same "" "$(cat err)"

doors="-l 127.0.0.1:0 --visitors unix:$T/visitors"
keyless="$doors --domain tun.test"
all="$keyless -i server.key"
while read -r what args; do
	# shellcheck disable=SC2086 # words are wanted
	exits 100 timeout 10 "$TUNNELD" $args </dev/null
	[ -s err ] && [ ! -s out ] || fail "$what: no reason given"
	has "$(cat err)" "$what"
done <<-END
	-i            -l 127.0.0.1:0 --domain tun.test --visitors unix:$T/visitors --open
	-i            --id
	--domain      -l 127.0.0.1:0 -i server.key --visitors unix:$T/visitors --open
	--visitors    -l 127.0.0.1:0 -i server.key --domain tun.test --open
	--open        $all
	-a            $all -a auth --open
	--domain      $doors -i server.key --open --domain bad..name
	--domain      $doors -i server.key --open --domain $ID.test
	--domain      $doors -i server.key --open --domain $(printf 'a%.0s' $(seq 60)).$(printf 'b%.0s' $(seq 60)).$(printf 'c%.0s' $(seq 60)).$(printf 'd%.0s' $(seq 60))
	--advertise   $all --open --clients live
	--clients     $all --open --advertise 127.0.0.1:1
	--advertise   $all --open --clients live --advertise :1
	--peers       $all --open --peers 10.0.0.0/33
	--legacy      $all --open --legacy 127.0.0.1:0
	-j            $all --open -j 2
	heartbeat     $all --open --heartbeat 20 --dead-after 20
	heartbeat     $all --open --heartbeat 0
	max-logins    $all --open --max-logins 0
	park          $all --open --park x
	-r            $all --open -r routes
	--visitors    -l 127.0.0.1:0 -i server.key --domain tun.test --visitors nowhere --open
	--legacy      $all -a auth --legacy 127.0.0.1
	-l            -i server.key --domain tun.test --visitors unix:$T/visitors --open
	address.of.-l$ $all --open -l unix:$T/visitors
	given.twice$  $all -a auth --legacy unix:$T/legacy --legacy unix:$T/legacy
	--legacy.*address.of.--visitors$ $all -a auth --legacy unix:$T/visitors
END

# What it writes is neither what it reads nor the other file that it writes, however it is spelt; -c knows as well.
cp server.key server.key.before
ln auth linked
while read -r what args; do
	for check in '' -c; do
		# shellcheck disable=SC2086 # words are wanted
		exits 100 timeout 10 "$TUNNELD" $all -a auth $args $check </dev/null
		has "$(cat err)" "error: $what are the same file\$"
		same "$ID names=app.test" "$(cat auth)" "$what"
		cmp server.key server.key.before
	done
done <<-END
	-a.auth.and.--clients.linked             --clients linked --advertise 127.0.0.1:1
	-a.auth.and.--local../auth              --local ./auth
	-i.server.key.and.--local.server.key  --local server.key
	--clients.live.and.--local../live       --clients live --advertise 127.0.0.1:1 --local ./live
END
[ ! -e live ] || fail "written nevertheless"
exits 100 "$TUNNELD" $all -a auth --clients none/live --advertise 127.0.0.1:1 --local none/local -c
has "$(cat err)" 'error: --clients none/live cannot be replaced: its folder does not exist'
has "$(cat err)" 'error: --local none/local cannot be replaced: its folder does not exist'

# Keys: contents and mode are the operator's fault, a missing file may come.
cp server.key loose.key
chmod 644 loose.key
echo nonsense >bad.key
chmod 600 bad.key
: >empty.key
chmod 600 empty.key
for bad in loose bad empty; do
	exits 100 timeout 10 "$TUNNELD" $keyless --open -i $bad.key
	has "$(cat err)" "$bad.key"
	exits 100 timeout 10 "$TUNNELD" $keyless --open -i $bad.key -c
done
exits 111 timeout 10 "$TUNNELD" $keyless --open -i missing.key
has "$(cat err)" 'missing.key'
exits 111 timeout 10 "$TUNNELD" $all -a missing
exits 111 timeout 10 "$TUNNELD" $all --open -l 192.0.2.77:0
exits 111 timeout 10 "$TUNNELD" $all --open --local none/local
same 'tunneld: error: none/local cannot be written: No such file or directory' "$(grep error: err)"

# --check names every bad line and opens nothing.
exits 0 "$TUNNELD" $all -a auth -c
exits 0 "$TUNNELD" $all -a nothing -a auth -c
same 'tunneld: warn: --authorized is given twice, the last one counts' "$(cat err)"
exits 0 "$TUNNELD" $all -a auth -a auth --peers 10.0.0.1 --peers 10.0.0.2,10.0.0.3 --peers ::1 -g 1 -g 2 -c
exits 100 "$TUNNELD" $all -a auth --peers x --peers y -c
has "$(cat err)" '"x" is not an address'
[ ! -e visitors ] || fail "--check has bound an address"
printf '%s\n' "$ID" 'nonsense' '# fine' "$ID" "$ID sessions=0" >bad
exits 100 "$TUNNELD" $all -a bad -c
has "$(cat err)" '^bad:2: '
has "$(cat err)" '^bad:4: '
has "$(cat err)" '^bad:5: '
lacks "$(cat err)" '^bad:[13]: '
exits 100 "$TUNNELD" $all -a bad
exits 100 "$TUNNELD" $all -a auth -c -l nonsense
exits 100 "$TUNNELD" $all -a missing -c
exits 100 "$TUNNELD" $keyless --open -c -i missing.key

exits 100 "$TUNNELD" -c --domain x..y -i nowhere -a missing -l nonsense --visitors x --peers '' --accept-proxy=zzz \
    --clients live --local here --heartbeat 20
for what in --domain nowhere missing nonsense --visitors --peers zzz --advertise --local --heartbeat; do
	has "$(cat err)" "$what"
done
exits 100 timeout 10 "$TUNNELD" $keyless --open -i missing.key --peers x

# Ready: -l, visitors, legacy in that order.
start tunneld "$TUNNELD" -n 9 $all -a auth --legacy 127.0.0.1:0
has "$READY" "^127\.0\.0\.1:[0-9]+ unix:$T/visitors 127\.0\.0\.1:[0-9]+$"
signal tunneld USR1
logged 'status sessions=0 visitors=0 parked=0 logins=0 authorized=1' tunneld
signal tunneld TERM
ends tunneld 0
[ ! -e visitors ] || fail "the socket file is left behind"

# What is no plain file keeps nobody waiting.
mkfifo pipe
exits 100 timeout 5 "$TUNNELD" -c -i server.key --domain tun.test --visitors 127.0.0.1:0 -a pipe
has "$(cat err)" '^pipe: not a plain file$'
