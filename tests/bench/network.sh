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
	local user= there='ip link set lo up && for a in 127.0.0.0/8 127.0.0.1; do
		ip route replace local $a dev lo table local congctl "$OWN_NETWORK" || exit; done; exec "$@"'

	[ -z "${OWN_NETWORK:-}" ] || return 0
	export OWN_NETWORK="$CONGESTION"
	unshare -n true 2>/dev/null || user='--map-current-user --keep-caps'
	if unshare $user -n sh -c "$there" - true; then
		exec unshare $user -n sh -c "$there" - "$@"
	fi
	OWN_NETWORK=$(cat /proc/sys/net/ipv4/tcp_congestion_control)
	echo "bench: no network of our own with $CONGESTION; this one has $OWN_NETWORK" >&2
}
