#!/bin/sh
# SPDX-License-Identifier: ISC
# HUP while a DNS query runs that nobody waits for any more: it is dropped, and names are looked up as before.
. "${0%/*}/lib.sh"

back_by_name
# What is freed is overwritten: c-ares, which no sanitizer sees into, does not get away with reading it.
export MALLOC_PERTURB_=165 ASAN_OPTIONS="$ASAN_OPTIONS:max_free_fill_size=1048576:free_fill_byte=165"
serve -l 127.0.0.1:0 -r routes --connect-timeout 0.3
signal dns STOP

refuses www.example.org 80
signal sniroute HUP
logged 'routes: read'
! wait_for 3 gone "$(pid_of sniroute)" || fail "sniroute did not survive the time when the query would have been repeated"
signal dns CONT
wait_for 15 answers www.example.org a || fail "DNS answers again but is not asked"
