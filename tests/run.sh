#!/bin/sh
# SPDX-License-Identifier: ISC
# Run the tests: one line each, the log of what failed, the counts as the last line; exit 0 when all that ran passed.
#
# usage: tests/run.sh [unit|e2e|fuzz] [PATTERN]
# environment: BUILDS="build build-san"  FUZZ_TIME=20 (s each)  JOBS=6 (e2e at once)  TEST_TIMEOUT=120 (s)
set -eu

cd "$(dirname "$0")/.."
BUILDS=${BUILDS:-build build-san}
export FUZZ_TIME="${FUZZ_TIME:-20}" TEST_TIMEOUT="${TEST_TIMEOUT:-120}"

# one DIR KIND BUILD PATH: run a test, print its line, leave its verdict in DIR
one() {
	dir=$1 kind=$2 build=$3 path=$4
	name=$(basename "$path" .sh)
	log=$dir/$kind.${build##*/}.$name
	work=$log.work
	export BUILD="$build"
	case $kind in
	unit)	set -- "$path" ;;
	e2e)	set -- sh "$path" ;;
	fuzz)	seeds=tests/data/${name%_fuzz}
		mkdir "$work"
		[ -d "$seeds" ] || seeds=
		# shellcheck disable=SC2086 # no word without seeds
		set -- "$path" -max_total_time="$FUZZ_TIME" -rss_limit_mb=768 -timeout=10 \
		    -artifact_prefix="$build/$name-" "$work" $seeds
		TEST_TIMEOUT=$((FUZZ_TIME + 60))
		;;
	esac
	again=
	[ ! -e "$log.verdict" ] || again=" (by itself)"
	begin=$(date +%s%3N)
	timeout -k 20 "$TEST_TIMEOUT" "$@" >"$log" 2>&1 </dev/null &
	pid=$!
	trap 'kill $pid 2>/dev/null; wait $pid; exit 143' INT TERM HUP
	wait $pid && code=0 || code=$?
	[ "$kind:$code" != unit:0 ] || grep -q '^\[  PASSED  \]' "$log" || code='0 before its last test'
	ms=$(($(date +%s%3N) - begin))
	rm -rf "$work"
	case $kind:$code in
	*:0)	verdict=ok more= ;;
	e2e:77)	verdict=skip more=$(sed -n 's/^skip//p' "$log") ;;
	*:124 | *:137) verdict=FAIL more=": no end within $TEST_TIMEOUT s" ;;
	*)	verdict=FAIL more=": exit $code" ;;
	esac
	echo "$verdict$again" >"$log.verdict"
	echo "$build $path" >"$log.which"
	{
		printf '%-4s %s %s %s %d.%ds%s%s\n' "$verdict" "$build" "$kind" "$name" $((ms / 1000)) $((ms % 1000 / 100)) "$again" "$more"
		[ "$verdict" != FAIL ] || tail -n 200 "$log" | sed 's/^/    /'
	} >"$log.line"
	flock "$dir" cat "$log.line"
	exit 0
}

[ "${1:-}" != one ] || { shift; one "$@"; }

kinds=${1:-unit e2e fuzz}
pattern=${2:-}
for kind in $kinds; do
	case $kind in
	unit | e2e | fuzz) ;;
	*) echo "usage: tests/run.sh [unit|e2e|fuzz] [PATTERN]" >&2; exit 100 ;;
	esac
done

dir=$(mktemp -d "${TMPDIR:-/tmp}/tcproute-run.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 143' INT TERM HUP

# The python3 in PATH may be a wrapper that looks for one (pyenv's does): ask it once, not some
# thousand times.
mkdir "$dir/bin"
if python=$(python3 -SEc 'import sys; print(sys.executable)' 2>/dev/null); then
	ln -s "$python" "$dir/bin/python3"
	PATH=$dir/bin:$PATH
fi

# batch KIND JOBS: run the tests named on standard input as "BUILD PATH", so many at once
batch() {
	grep -E "/[^/]*${pattern}[^/]*\$" >"$dir/list" || :
	xargs -r -L 1 -P "$2" sh tests/run.sh one "$dir" "$1" <"$dir/list"
}

# second_try KIND: several tests at once are short of processor time, and some watch the clock. One to three that failed are run
# again, each by itself. What they said before stays in the output, and the last line counts them.
second_try() {
	grep -l FAIL "$dir/$1".*.verdict 2>/dev/null | sed 's/verdict$/which/' >"$dir/failed" || :
	[ "$(wc -l <"$dir/failed")" -gt 3 ] || xargs -r cat <"$dir/failed" | batch "$1" 1
}

for kind in $kinds; do
	case $kind in
	unit)	for b in $BUILDS; do for f in "$b"/unit/*_test; do [ ! -x "$f" ] || echo "$b $f"; done; done | batch unit 2 ;;
	e2e)	# long scripts first, lest one that takes long is alone at the end
		for b in $BUILDS; do
			find tests/e2e -name '*.sh' ! -name lib.sh -printf '%s %p\n' | sort -rn |
				sed "s,^[0-9]*,$b,"
		done | batch e2e "${JOBS:-6}"
		;;
	fuzz)	for f in build-fuzz/*_fuzz; do [ ! -x "$f" ] || echo "build-fuzz $f"; done | batch fuzz 4 ;;
	esac
	[ "$kind" = fuzz ] || second_try "$kind"
done

tally() { cat "$dir"/*.verdict 2>/dev/null | grep -c "$1" || :; }
passed=$(tally ok) failed=$(tally FAIL) skipped=$(tally skip) twice=$(tally 'ok (by itself)')
echo "$passed passed, $failed failed$([ "$skipped" = 0 ] || echo ", $skipped skipped")$([ "$twice" = 0 ] || echo ", $twice by itself only")"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
