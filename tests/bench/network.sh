# SPDX-License-Identifier: ISC
# shellcheck shell=sh disable=SC2016,SC2086,SC3043
# A network of the benchmark's own, so that figures do not hang on how the machine at hand is set: a loopback whose TCP has Linux's
# usual congestion control. BBR, say, paces by timers, and over loopback those are most of what is measured. Sourced first.
#
# Set in the environment: CONGESTION=cubic, or another one the kernel has.

CONGESTION=${CONGESTION:-cubic}

# own_network SCRIPT ARG...: start it again in there; where that is not allowed, go on in the network we have.
own_network()
{
	local user=

	[ -z "${OWN_NETWORK:-}" ] || return 0
	unshare -n true 2>/dev/null || user=-r
	if unshare $user -n true 2>/dev/null; then
		export OWN_NETWORK="$CONGESTION"
		exec unshare $user -n sh -c 'ip link set lo up &&
			ip route replace local 127.0.0.0/8 dev lo table local congctl "$OWN_NETWORK" &&
			ip route replace local 127.0.0.1 dev lo table local congctl "$OWN_NETWORK" && exec "$@"' - "$@"
	fi
	OWN_NETWORK=$(cat /proc/sys/net/ipv4/tcp_congestion_control)
	export OWN_NETWORK
	echo "bench: no right to make a network of our own; this one has $OWN_NETWORK" >&2
}
