# SPDX-License-Identifier: ISC
# table.awk FIGURES RESULTS: medians per figure and program, ratio of ours to the best peer, the goal and whether it was reached.
# Set by -v: columns (the programs to show), ours, peers (to compare with); words divided by blanks.

BEGIN {
	columns = split(columns, column, " ")
	n_peers = split(peers, peer_name, " ")
	rows = 0
}

/^#/ || NF == 0 { next }

FNR == NR { add_figure($0); next }

{ samples[$1, $2, ++count[$1, $2]] = $3; seen[$1] = 1 }

END {
	printf "%-50s", ""
	for (i = 1; i <= columns; i++)
		printf " %8s", column[i]
	printf "  %6s  %-9s %s\n", "ratio", "goal", "reached"
	for (r = 1; r <= rows; r++)
		if (key[r] in seen)
			print_row(r)
}

function add_figure(line,	f) {
	split(line, f, "|")
	key[++rows] = f[1]
	label[rows] = f[2]
	decimals[rows] = f[3]
	better[rows] = f[4]
	goal[rows] = f[5]
}

# The middle of the rounds; failed connections are counted, not averaged.
function figure(k, proxy,	n, i, j, v, sum) {
	n = count[k, proxy]
	for (i = 1; i <= n; i++) {
		v = samples[k, proxy, i] + 0
		sum += v
		for (j = i; j > 1 && sorted[j - 1] > v; j--)
			sorted[j] = sorted[j - 1]
		sorted[j] = v
	}
	if (k == "errors")
		return sum
	return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

# The best of the peers that ran; direct for what has no peer. "" when there is none.
function best(r,	i, v, found) {
	found = ""
	for (i = 1; i <= n_peers; i++) {
		if (!((key[r], peer_name[i]) in count))
			continue
		v = figure(key[r], peer_name[i])
		if (found == "" || (better[r] == "high") == (v > found))
			found = v
	}
	if (found == "" && goal[r] ~ /^direct/ && (key[r], "direct") in count)
		return figure(key[r], "direct")
	return found
}

function reached(value, comparison, limit) {
	if (value == "")
		return "-"
	return (comparison == "<=" ? value <= limit : value >= limit) ? "yes" : "NO"
}

function print_row(r,	i, mine, peer, ratio, g, line) {
	line = sprintf("%-50s", label[r])
	for (i = 1; i <= columns; i++)
		line = line sprintf(" %8s", (key[r], column[i]) in count ? \
		    sprintf("%.*f", decimals[r], figure(key[r], column[i])) : "-")
	mine = (key[r], ours) in count ? figure(key[r], ours) : ""
	peer = best(r)
	ratio = mine != "" && peer != "" && peer > 0 ? mine / peer : ""
	line = line sprintf("  %6s", ratio == "" ? "" : sprintf("%.2f", ratio))
	if (split(goal[r], g, " ") == 3)
		line = line sprintf("  %-9s %s", (g[1] == "value" ? "" : "x ") g[2] " " g[3], \
		    reached(g[1] == "value" ? mine : ratio, g[2], g[3] + 0))
	sub(/ +$/, "", line)
	print line
}
