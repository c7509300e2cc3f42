# SPDX-License-Identifier: ISC
# shellcheck shell=sh disable=SC2013,SC2034,SC2046,SC2086,SC3043
# What the kernel says about a proxy: its processes, CPU time, memory, system calls. Sourced by run.sh.

# tree PID: PID and everything below it.
tree()
{
	local child

	echo "$1"
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		tree "$child"
	done
}

# cpu_ticks PID: utime + stime of all its processes, threads that ended included.
cpu_ticks()
{
	local pid

	for pid in $(tree "$1"); do
		# The name in parentheses may hold blanks: count fields behind it.
		sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null
	done | awk '{ n += $12 + $13 } END { print n + 0 }'
}

# pss_kib PID: proportional set size of all its processes.
pss_kib()
{
	local pid

	for pid in $(tree "$1"); do
		cat "/proc/$pid/smaps_rollup" 2>/dev/null
	done | awk '/^Pss:/ { n += $2 } END { print n + 0 }'
}

# anon_kib PID: the part of it that is no file's: libraries others use, too, come and go with those.
anon_kib()
{
	local pid

	for pid in $(tree "$1"); do
		cat "/proc/$pid/smaps_rollup" 2>/dev/null
	done | awk '/^Pss_Anon:/ { n += $2 } END { print n + 0 }'
}

# rss_kib PID: resident set size of all its processes, what they share counted for each.
rss_kib()
{
	local pid

	for pid in $(tree "$1"); do
		cat "/proc/$pid/status" 2>/dev/null
	done | awk '/^VmRSS:/ { n += $2 } END { print n + 0 }'
}

# is_traced PID...: strace has attached to all of them.
is_traced()
{
	local pid

	for pid in "$@"; do
		grep -q '^TracerPid:[^0-9]*[1-9]' "/proc/$pid/status" || return 1
	done
}

# count_calls PID COMMAND...: how many system calls its processes make while COMMAND runs, or nothing.
count_calls()
{
	local pid=$1 tracer p
	shift

	command -v strace >/dev/null || return 0
	strace -f -c -qq -o "$TMP/strace" $(tree "$pid" | sed 's/^/-p /') 2>/dev/null &
	tracer=$!
	track $tracer
	for p in 1 2 3 4 5 6 7 8 9 10; do
		is_traced $(tree "$pid") && break
		sleep 0.2
	done
	"$@" >/dev/null
	end $tracer INT
	awk '$NF == "total" { print $4 }' "$TMP/strace" 2>/dev/null || true
}
