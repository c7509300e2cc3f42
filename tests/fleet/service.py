#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""service.py ADDR CERT NAME=PORT,TLSPORT...: HTTP services that say who they are, and who asked by the PROXY header."""
import json
import os
import selectors
import socket
import ssl
import struct
import sys
import threading


def exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError("eof")
        data += more
    return data


def proxy_header(sock):
    """The visitor's address as a PROXY header of either version tells it; not a byte behind it is read."""
    head = exactly(sock, 12)
    if head.startswith(b"PROXY "):
        while not head.endswith(b"\r\n"):
            head += exactly(sock, 1)
        _, _, ip, _, port, _ = head.decode().split()
        return "%s:%s" % (ip, port)
    rest = exactly(sock, 4)
    body = exactly(sock, struct.unpack("!H", rest[2:])[0])
    return "%s:%d" % (socket.inet_ntoa(body[:4]), struct.unpack("!H", body[8:10])[0])


def serve(sock, name, context):
    try:
        sock.settimeout(20)
        source = proxy_header(sock)
        if context:
            sock = context.wrap_socket(sock, server_side=True)
        head = b""
        while b"\r\n\r\n" not in head:
            more = sock.recv(4096)
            if not more:
                return
            head += more
        body = json.dumps({"client": name, "source": source}).encode()
        sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        if context:
            sock = sock.unwrap()
    except (OSError, ValueError):
        pass
    finally:
        sock.close()


def main():
    addr, certificate, *services = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    doors = selectors.DefaultSelector()
    for word in services:
        name, _, ports = word.partition("=")
        for port, secure in zip(ports.split(","), (None, context)):
            door = socket.create_server((addr, int(port)), backlog=512)
            doors.register(door, selectors.EVENT_READ, (name, secure))
    os.write(1, b"\n")
    while True:
        for key, _ in doors.select():
            sock, _ = key.fileobj.accept()
            threading.Thread(target=serve, args=(sock, *key.data), daemon=True).start()


main()
