#!/bin/sh
# SPDX-License-Identifier: ISC
# A real server behind it: nginx, kept connections, large files, ranges and uploads.
. "${0%/*}/lib.sh"

command -v nginx >/dev/null || skip "no nginx"
port=$(free_port)
mkdir files tmp
chmod 777 files tmp
head -c 20000000 /dev/urandom >files/large
cat >nginx.conf <<-END
	daemon off; master_process off; worker_processes 1; pid $T/nginx.pid; error_log $T/nginx.err;
	events { worker_connections 64; }
	http { access_log off; client_body_temp_path $T/tmp; proxy_temp_path $T/tmp; fastcgi_temp_path $T/tmp;
	  uwsgi_temp_path $T/tmp; scgi_temp_path $T/tmp; client_max_body_size 1m; types { }
	  server { listen 127.0.0.1:$port; root $T/files; location /s { return 200 "\$host \$http_x_forwarded_for\n"; }
	    location /r { return 301 /elsewhere; } } }
END
spawn nginx nginx -c "$T/nginx.conf"
wait_for 5 curl -s "http://127.0.0.1:$port/s" || fail "no nginx"
echo "a.test http=127.0.0.1:$port" >routes
front -l 127.0.0.1:0 -r routes
has "$(get /s)" '^a\.test 127\.0\.0\.1$'
for i in 1 2 3; do
	curl -sS --max-time 20 --connect-to "::$ADDR" http://a.test/large http://a.test/s -o got -o small
	cmp got files/large
	has "$(cat small)" '^a\.test'
done
has "$(get /large -r 5-9 -o part -D -)" '^HTTP/1.1 206 '
has "$(get /large -I)" '^Content-Length: 20000000'
has "$(get /none)" '^HTTP/1.1 404 '
has "$(get /large -T files/large -H 'Expect:' 2>err || :)" '^HTTP/1.1 413 '
etag=$(get /large -I | sed -n 's/^ETag: //p' | tr -d '\r')
has "$(get /large -H "If-None-Match: $etag")" '^HTTP/1.1 304 '
has "$(get /s)" '^a\.test'
