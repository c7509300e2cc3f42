#!/bin/sh
# SPDX-License-Identifier: ISC
# An event loop that cannot wait any more ends the process, with one worker or many: 111, and the log says why.
. "${0%/*}/lib.sh"

command -v strace >/dev/null || skip "no strace here"
supervised	# under strace, too, LeakSanitizer does not work
named a
echo "* tls=$(addr_of a)" >routes

refused() { grep -q 'not permitted' breaker.log; }
ended_or_refused() { gone "$pid" || refused; }

for workers in 1 2; do
	serve -l 127.0.0.1:0 -r routes -j $workers
	pid=$(pid_of sniroute)
	spawn breaker strace -qq -o calls -p "$pid" -e trace=epoll_wait,epoll_pwait -e inject=epoll_wait,epoll_pwait:error=EBADF
	wait_for 5 ended_or_refused || fail "it goes on"
	! refused || skip "no right to trace"
	ends sniroute 111
	stop breaker
	logged_times $workers 'sniroute: error: event loop: Bad file descriptor$'
done
