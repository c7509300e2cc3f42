# SPDX-License-Identifier: ISC
# shellcheck shell=sh disable=SC3043,SC2086
# How each proxy is told to do the same: one worker, route by SNI from a map, relay. Sourced by run.sh.
#
# All write a line a connection to a file, nginx in pieces, as sniroute does.

# names_as FORMAT COUNT: host0000000.example.net and so on, COUNT lines of FORMAT.
names_as()
{
	seq -f "$1" 0 $(($2 - 1))
}

# routes_file PROXY COUNT [unsorted]: the path of its table of COUNT names, all leading to the backend.
routes_file()
{
	local file="$TMP/routes.$1.$2${3:+.$3}" name='host%07.0f.example.net' target="127.0.0.1:$BACKEND_PORT"

	if [ ! -e "$file" ]; then
		case $1${3:+.$3} in
		sniroute) { echo '#!routes sorted'; names_as "$name tls=$target" "$2"; } ;;
		sniroute.unsorted) names_as "$name tls=$target" "$2" | shuf ;;
		haproxy) names_as "$name backend" "$2" ;;
		nginx) names_as "$name backend;" "$2" ;;
		sniproxy) names_as 'host%07.0f\.example\.net '"$target" "$2" ;;
		esac >"$file"
	fi
	echo "$file"
}

# is_there PROXY: installed, or built.
is_there()
{
	case $1 in
	direct) true ;;
	sniroute) [ -x "$SNIROUTE" ] ;;
	nginx) command -v nginx >/dev/null && [ -n "$(nginx_module)" ] ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

version_of()
{
	case $1 in
	sniroute) "$SNIROUTE" -V 2>&1 ;;
	haproxy) haproxy -v | cut -d' ' -f1,3 ;;
	nginx) nginx -v 2>&1 | sed 's/.*: //' ;;
	sniproxy) sniproxy -V 2>&1 ;;
	esac | head -n 1
}

# run_PROXY DIR PORT ROUTES: become the proxy, in the foreground, its files in DIR.

run_sniroute()
{
	exec $PROXY_PIN "$SNIROUTE" -l "127.0.0.1:$2" -r "$3" -j 1 -g 1 --max-conns "$MAX_CONNS" --max-per-source 0
}

# One loop without names, log, deadlines or limits.
run_bare()
{
	exec $PROXY_PIN "$BARE" relay "$2" "$BACKEND_PORT"
}

run_haproxy()
{
	cat >"$1/conf" <<-EOT
		global
		    nbthread 1
		    maxconn $MAX_CONNS
		    log stdout format raw local0
		defaults
		    mode tcp
		    log global
		    option tcplog
		    ${SPLICE:+option splice-auto}
		    timeout connect 5s
		    timeout client 600s
		    timeout server 600s
		frontend visitors
		    bind 127.0.0.1:$2 backlog 4096
		    maxconn $MAX_CONNS
		    tcp-request inspect-delay 5s
		    tcp-request content accept if { req.ssl_hello_type 1 }
		    use_backend %[req.ssl_sni,lower,map_str($3)]
		backend backend
		    server one 127.0.0.1:$BACKEND_PORT
	EOT
	exec $PROXY_PIN haproxy -db -f "$1/conf"
}

nginx_module()
{
	ls /usr/lib/nginx/modules/ngx_stream_module.so /usr/lib64/nginx/modules/ngx_stream_module.so 2>/dev/null
}

run_nginx()
{
	local names

	names=$(wc -l <"$3")
	cat >"$1/conf" <<-EOT
		load_module $(nginx_module);
		daemon off;
		worker_processes 1;
		worker_rlimit_nofile $NOFILE;
		pid $1/nginx.pid;
		error_log $1/error.log crit;
		events { worker_connections $((NOFILE - 100)); }
		stream {
		    log_format line '\$connection \$remote_addr:\$remote_port \$ssl_preread_server_name \$upstream_addr \$status '
		        '\$bytes_received \$bytes_sent \$session_time';
		    access_log $1/access.log line buffer=64k flush=1s;
		    map_hash_max_size $((names * 2 + 2048));
		    map_hash_bucket_size 128;
		    map \$ssl_preread_server_name \$where { include $3; }
		    upstream backend { server 127.0.0.1:$BACKEND_PORT; }
		    server {
		        listen 127.0.0.1:$2 backlog=4096;
		        ssl_preread on;
		        proxy_pass \$where;
		        proxy_connect_timeout 5s;
		        proxy_timeout 600s;
		    }
		}
	EOT
	exec $PROXY_PIN nginx -p "$1" -e "$1/error.log" -c "$1/conf"
}

run_sniproxy()
{
	{
		cat <<-EOT
			error_log {
			    filename $1/error.log
			    priority error
			}
			access_log {
			    filename $1/access.log
			}
			listen 127.0.0.1:$2 {
			    proto tls
			    table hosts
			}
			table hosts {
		EOT
		cat "$3"
		echo '}'
	} >"$1/conf"
	exec $PROXY_PIN sniproxy -f -n "$NOFILE" -c "$1/conf"
}
