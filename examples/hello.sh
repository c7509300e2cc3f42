#!/bin/sh
# SPDX-License-Identifier: ISC
# A program for pass-exec, tcpserver or s6-tcpserver: one HTTP request on descriptor 0, an answer on descriptor 1.
while IFS= read -r line && [ ${#line} -gt 1 ]; do :; done
text="Hello $TCPREMOTEIP port $TCPREMOTEPORT, this is no TLS."
printf 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s\n' $((${#text} + 1)) "$text"
