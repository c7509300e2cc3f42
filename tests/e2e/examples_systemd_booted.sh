#!/bin/sh
# SPDX-License-Identifier: ISC
# The systemd units under a real systemd, with all that they deny themselves, set up as README and their comments say: they get
# ready, serve, reload, restart without turning anybody away, and end; a malformed file is not tried again.
. "${0%/*}/lib.sh"

sanitized && skip "the units deny what a sanitizer needs"
[ "$(id -u)" = 0 ] && [ -x /lib/systemd/systemd ] || skip "needs root and systemd"
command -v redis-server >/dev/null || skip "no redis-server here"

mkdir programs units
cp "$SNIROUTE" "$HTTPREDIR" "$TUNNELD" "$TUNNELC" "$ROUTESYNC" programs/
cp "$ROOT"/examples/systemd/* units/
certificate cert.pem www.example.org

cat >job <<'END'
cd "${0%/*}" || exit 1
install programs/* /usr/local/bin
cp units/* /etc/systemd/system

openssl s_server -accept 127.0.0.1:9441 -cert cert.pem -key cert.pem -www -quiet &
python3 -m http.server --bind 127.0.0.1 8080 &
redis-server --bind 127.0.0.1 --requirepass secret --save '' &

useradd --system --shell /usr/sbin/nologin tcproute
install -d /etc/tcproute
routes=/etc/tcproute/routes
echo 'www.example.org tls=127.0.0.1:9441' >$routes
echo 'shop.example.com tls=pass:/run/tunneld/visitors http=unix:/run/tunneld/visitors proxy=v2' >>$routes
server=$(tunnelc --new-key /etc/tcproute/tunneld.key)
client=$(tunnelc --new-key /etc/tcproute/tunnelc.key)
echo "$client names=shop.example.com" >/etc/tcproute/tunneld.authorized
echo "tun.example.com:18000 $server" >/etc/tcproute/known_servers
echo '127.0.0.1 tun.example.com' >>/etc/hosts
(umask 077 && echo secret >/etc/tcproute/redis)
for tool in sniroute httpredir; do
	mkdir /etc/systemd/system/$tool.service.d
	printf '[Service]\nSupplementaryGroups=tcproute\n' >/etc/systemd/system/$tool.service.d/override.conf
done
systemctl daemon-reload

say() { echo "$*" >>answers; }
until_is() {	# until_is WANT CMD...: for up to 10 s
	local want="$1" tries=100; shift
	while [ "$("$@")" != "$want" ] && [ $((tries -= 1)) -gt 0 ]; do sleep 0.1; done
	"$@"
}
https() { curl -sk -m 5 --connect-to ::127.0.0.1:443 -o /dev/null -w '%{http_code}' "https://$1/"; }
http() { curl -s -m 5 --connect-to ::127.0.0.1:80 -o /dev/null -w '%{http_code}' "http://$1/"; }
metrics() { curl -s -m 5 --unix-socket "/run/$1/metrics" http://x/metrics | grep -c "^$1_.*[0-9]$"; }
synced() { sed -n 's/ tls=127.0.0.1:9441$//p' /var/lib/tcproute/routes | paste -sd ' '; }
handed_over() { journalctl -o cat -u sniroute | grep -c 'target=pass:/run/tunneld/visitors .*end=passed'; }
store() { REDISCLI_AUTH=secret redis-cli set "/tcprouter/service/$1" "$2"; }

until_is 200 curl -sk -m 5 -o /dev/null -w '%{http_code}' https://127.0.0.1:9441/
until_is 200 curl -s -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/
until_is PONG env REDISCLI_AUTH=secret redis-cli ping
store a.example.org tls=127.0.0.1:9441

tools="sniroute httpredir tunneld tunnelc routesync"
sockets="sniroute.socket httpredir.socket tunneld.socket"
# shellcheck disable=SC2086
systemctl enable --now $sockets $tools && say "ready$(systemctl is-active $tools | sort | uniq -c | tr -s ' ')"
for tool in $tools; do
	status=/proc/$(systemctl show -P MainPID $tool)/status
	say "$tool $(awk '/^(Uid|CapBnd|NoNewPrivs|Seccomp):/ { print $1 ($1 == "Uid:" ? $2 > 0 : $2 + 0) }' "$status" | paste -sd ' ')"
done
say "by name $(https www.example.org), redirected $(http www.example.org), by tunnel $(http shop.example.com)"
https shop.example.com	# the tunnel's client serves no TLS
say "handed over $(until_is 1 handed_over)"
say "synced $(synced)"
for tool in sniroute httpredir tunneld routesync; do
	[ "$(metrics $tool)" -gt 5 ] || say "no metrics of $tool"
done

# shellcheck disable=SC2086
systemctl reload $tools && say "reloaded"
echo '127.0.0.1:8444 tcp=127.0.0.1:9441' >>$routes
say "listens $(until_is 200 curl -sk -m 5 -o /dev/null -w '%{http_code}' https://127.0.0.1:8444/)"

for i in $(seq 40); do https www.example.org; echo; sleep 0.02; done | sort | uniq -c | tr -s ' ' >served &
# shellcheck disable=SC2086
systemctl restart $tools && say "restarted"
wait $!
say "none lost:$(cat served)"
say "by tunnel $(until_is 200 http shop.example.com)"
store b.example.org tls=127.0.0.1:9441
say "synced $(until_is 'a.example.org b.example.org' synced)"

systemctl stop sniroute.service
systemctl start sniroute@a && systemctl start sniroute@b && systemctl stop sniroute@a
say "instances $(https www.example.org) $(systemctl is-active sniroute@a sniroute@b | paste -sd ' ')"

# shellcheck disable=SC2086
systemctl stop $sockets sniroute@b $tools
for tool in $tools; do say "$tool ended $(systemctl show -P Result $tool) $(systemctl show -P ExecMainStatus $tool)"; done
echo 'bad line' >$routes
systemctl start sniroute
sleep 1.5
say "malformed $(systemctl show -P ExecMainStatus sniroute) $(systemctl is-active sniroute) $(systemctl show -P NRestarts sniroute)"
journalctl --no-pager -o cat >journal
END

unshare -m -n -u -i sh "$TESTS/boot" "$T" >boot.log 2>&1 && code=0 || code=$?
[ $code != 77 ] || skip "systemd can't be started here: $(cat boot.log)"
touch answers journal
same 0 $code "$(cat boot.log journal; tail -n 20 job.log)"
same "ready 5 active
sniroute Uid:1 CapBnd:0 NoNewPrivs:1 Seccomp:2
httpredir Uid:1 CapBnd:0 NoNewPrivs:1 Seccomp:2
tunneld Uid:1 CapBnd:0 NoNewPrivs:1 Seccomp:2
tunnelc Uid:1 CapBnd:0 NoNewPrivs:1 Seccomp:2
routesync Uid:1 CapBnd:0 NoNewPrivs:1 Seccomp:2
by name 200, redirected 308, by tunnel 200
handed over 1
synced a.example.org
reloaded
listens 200
restarted
none lost: 40 200
by tunnel 200
synced a.example.org b.example.org
instances 200 inactive active
sniroute ended success 0
httpredir ended success 0
tunneld ended success 0
tunnelc ended success 0
routesync ended success 0
malformed 100 failed 0" "$(cat answers)" "$(cat journal)"
