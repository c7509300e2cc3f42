#!/bin/sh
# SPDX-License-Identifier: ISC
# Every connection ends in exactly one line with the same fields in the same order, whatever became of it.
. "${0%/*}/lib.sh"

backend back echo
cat >routes <<-END
	www.example.org   tls=$READY
	away.example.org  tls=127.0.0.1:1
	deny.example.org  tls=$READY deny=0.0.0.0/0
END
serve -l 127.0.0.1:0 -r routes --hello-timeout 0.3

n=0
for words in 'hello:www.example.org shut read' 'hello:away.example.org read' 'hello:deny.example.org read' \
    'hello:nobody read' 'send:GET read' 'read' 'shut read' 'close' 'rst' 'hello:www.example.org rst' 'hex:1603014001 read' \
    'hello:www.example.org data:100k close'; do
	# shellcheck disable=SC2086 # words are wanted
	client "$ADDR" $words >/dev/null
	n=$((n + 1))
done
line='^sniroute: info: conn=([0-9]+) peer=127\.0\.0\.1:[0-9]+ name=[^ ]+ route=[^ ]+ target=[^ ]+ '
line="${line}hello=[a-z-]+ rx=[0-9]+ tx=[0-9]+ ms=[0-9]+ end=(closed|(client|target)-reset|hello|no-route|denied|unreachable)$"
all() { [ "$(count "$line")" -ge $n ]; }
wait_for 5 all || fail "$n lines"
same $n "$(count 'conn=')"
same $n "$(grep -oE ' conn=[0-9]+' sniroute.log | sort -u | wc -l)" "conn= is unique"
