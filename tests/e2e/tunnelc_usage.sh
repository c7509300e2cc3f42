#!/bin/sh
# SPDX-License-Identifier: ISC
# What the command line must have, what it may not, and what --check finds.
. "${0%/*}/lib.sh"

ID=$(key key)
PIN=ucrdfqxrssstku6lcmin3paiehsbjoox5p6csczsgccnpuicb7sq
printf 'secret\n' >secret
chmod 600 secret
# refused PATTERN ARG...: exit 100, saying so
refused() {
	local pattern="$1"; shift
	exits 100 timeout 10 "$TUNNELC" "$@"
	has "$(cat err)" "$pattern"
	same '' "$(cat out)"
}
good="-s a.test:1 -k $PIN -i key tls=127.0.0.1:1"

# shellcheck disable=SC2086 # words are wanted
exits 0 "$TUNNELC" $good -c
same '' "$(cat out err)"
exits 0 "$TUNNELC" -s a.test:1 -s '[::1]:2' -s "unix:$T/x" -k "$PIN" -k "$ID" -i key -c -x http://127.0.0.1:3128 \
    tls:a.test=b:1,unix:/x proxy=v2 http:*.test=c:1 -g 0 -- sshd -i -c
exits 0 "$TUNNELC" -c -s a.test:1 --secret-file secret tcp=a:1
exits 0 "$TUNNELC" -h
has "$(cat out)" '^usage: tunnelc '
exits 0 "$TUNNELC" -V
has "$(cat out)" '^tunnelc [0-9.]+$'

refused 'no server'
refused 'no server' -i key -k "$PIN" tls=a:1
refused '-s a.test: no port' -s a.test -i key -k "$PIN" tls=a:1
refused '-s :1: ' -s :1 -i key -k "$PIN" tls=a:1
refused 'is given twice' -s a.test:1 -s a.test:1 -i key -k "$PIN" tls=a:1
refused 'no key: give -i' -s a.test:1 -k "$PIN" tls=a:1
refused 'which key should the server have' -s a.test:1 -i key tls=a:1
refused '-k abc: no id' -s a.test:1 -i key -k abc tls=a:1
refused '^tunnelc: error: -k abc: no id' -s a.test:1 -i key -k abc tls=a:1 -c
refused 'without server keys' -s a.test:1 --secret-file secret -k "$PIN" tls=a:1
refused 'bring no name' -s a.test:1 --secret-file secret tcp=a:1 tls:b.test=a:1
refused 'bring no name' -s a.test:1 --secret-file secret -c 'http:*.b.test=a:1'
refused 'nothing to serve' -s a.test:1 -i key -k "$PIN"
refused 'nothing to serve' -s a.test:1 -i key -k "$PIN" proxy=v1
refused 'nothing to serve' -s a.test:1 -i key -k "$PIN" --
refused 'ftp=a:1: not KIND' -s a.test:1 -i key -k "$PIN" ftp=a:1
refused 'a:0.*port' -s a.test:1 -i key -k "$PIN" tls=a:0
refused '-x: not http://HOST:PORT' -s a.test:1 -i key -k "$PIN" tls=a:1 -x https://p:1
refused 'unknown option --bogus' -s a.test:1 --bogus
refused '--metrics a: no port' -s a.test:1 -i key -k "$PIN" tls=a:1 -m a
refused 'exclude each other' --id --ready -i key
refused 'take neither a server' --id -i key -s a.test:1
refused 'take neither a server' --id -i key tls=a:1
refused 'error: no key: give -i KEYFILE' --id
refused 'no -i' --new-key new -i key
refused 'exclude each other' --new-key new -c
[ ! -e new ] || fail "--new-key made a file all the same"

# Files: what is missing may come, what is wrong stays wrong; a secret is for its owner alone.
exits 111 "$TUNNELC" -s a.test:1 -i nowhere -k "$PIN" tls=a:1
has "$(cat err)" 'nowhere: No such file'
chmod 640 secret
refused 'secret: mode 0640 ' -s a.test:1 --secret-file secret tls=a:1
: >empty
chmod 600 empty
refused 'empty: it is empty' -s a.test:1 --secret-file empty tls=a:1
head -c 1025 /dev/zero | tr '\0' x >empty
refused 'longer than 1024' -s a.test:1 --secret-file empty tls=a:1
head -c 3000 /dev/zero | tr '\0' x >empty
refused 'over 1025 bytes' -s a.test:1 --secret-file empty tls=a:1

# --check names every bad line of --known-servers.
cat >known <<.
# a comment
a.test:1 $PIN	# ours

b.test $PIN
b.test:1 short
b.test:1 $PIN more
.
exits 100 "$TUNNELC" -c -s a.test:1 -i key --known-servers known tls=a:1
same "known:4: no port (HOST:PORT or unix:/PATH)
known:5: no id behind HOST:PORT: 52 characters a-z and 2-7
known:6: more than HOST:PORT ID" "$(cat err)"
exits 100 "$TUNNELC" -s a.test:1 -i key --known-servers known tls=a:1
has "$(cat err)" '^tunnelc: error: known:4: no port \(HOST:PORT or unix:/PATH\)$'
printf '# one line, and the end of it as on Windows\r\n\r\na.test:1\t%s #\r\n' "$PIN" >known
exits 0 "$TUNNELC" -c -s A.test:1 -i key --known-servers known tls=a:1
exits 100 "$TUNNELC" -c -s a.test:1 -s b.test:1 -i key --known-servers known tls=a:1
same "known: no line for b.test:1" "$(cat err)"
deep=$(printf '%0200d' 0)
mkdir "$deep"
echo "a.test:1 short" >"$deep/known"
exits 100 "$TUNNELC" -c -s a.test:1 -i key --known-servers "$deep/known" tls=a:1
same "$deep/known:1: no id behind HOST:PORT: 52 characters a-z and 2-7" "$(cat err)"

# as it does of all the others
exits 100 "$TUNNELC" -c -s a.test -s b.test:1 -s b.test:1 -i nokey --known-servers noservers -k short -k abc -m x -x y \
    ftp=a:1 tls=a:1 tls=b:1 http=a:0
for what in '-s a.test: ' 'b.test:1 is given twice' nokey noservers '-k short' '-k abc' '--metrics x' '-x: ' 'ftp=a:1: ' \
    'tls=b:1: ' 'http=a:0: '; do
	has "$(cat err)" "$what"
done
exits 100 "$TUNNELC" -c -s a.test:1 --secret-file nosecret -m x tls:b.test=a:1 http:c.test=a:1
for what in nosecret '--metrics x' tls:b.test http:c.test; do
	has "$(cat err)" "$what"
done
exits 100 "$TUNNELC" -s a.test:1 -i nokey -k "$PIN" -m x tls=a:1

exits 100 "$TUNNELC" -c -s a.test:1 -i key --known-servers nowhere tls=a:1
exits 100 "$TUNNELC" -c -s a.test:1 -i nowhere -k "$PIN" tls=a:1
exits 100 "$TUNNELC" -c -s a.test:1 --secret-file nowhere tls=a:1
exits 111 "$TUNNELC" -s a.test:1 -i key --known-servers nowhere tls=a:1
has "$(cat err)" '^tunnelc: error: --known-servers nowhere: No such file'

exits 100 "$TUNNELC" -c -s a.test:1 -i key -k "$PIN" -- /nonexistent/program
has "$(cat err)" '^tunnelc: error: /nonexistent/program: No such file'
exits 0 "$TUNNELC" -c -s a.test:1 -i key -k "$PIN" -- /bin/sh
exits 0 "$TUNNELC" -c -s a.test:1 -i key -k "$PIN" -- some-program
