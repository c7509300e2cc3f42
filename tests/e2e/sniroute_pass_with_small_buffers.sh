#!/bin/sh
# SPDX-License-Identifier: ISC
# Where sockets have hardly any room a hello too large for it is read all the same: a pass: line elsewhere does not stop it.
. "${0%/*}/lib.sh"
own_network

sysctl -qw net.ipv4.tcp_rmem='4096 16384 32768' 2>/dev/null || skip "no tcp_rmem of its own"
named a
printf '%s\n' "www.example.org tls=$READY" "p.test tls=pass:/nowhere" >routes
serve -l 127.0.0.1:0 -r routes --hello-timeout 3
answers www.example.org,pad=15000 a || fail "$(cat sniroute.log)"
