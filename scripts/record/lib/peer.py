#!/usr/bin/python3
"""The two ends of a conversation, small and with bounded waits.

peer tcp-serve ADDRESS PORT [NAME] [--answer BYTES]   one line in, an answer out, close; NAME is what ps and ss show
peer udp-serve ADDRESS PORT [NAME]                    answers each datagram with its own text
peer tcp-ask   ADDRESS PORT [--send BYTES] [--source ADDRESS]
                                                      prints the answer's size; exit 1 on refusal or time-out
peer udp-ask   ADDRESS PORT [--tries N] [--from PORT] [--size BYTES] [--pause SECONDS]
                                                      N datagrams, half a second apart where none is answered; exit 1 without any answer
peer udp-burst ADDRESS PORT [--tries N] [--size BYTES]
                                                      N datagrams at once; exit 1 without any answer
peer vxlan-damaged ADDRESS PORT --source ADDRESS [--tries N]
                                                      VXLAN packets (an echo request inside) with a wrong outer checksum
peer ra-send   ADDRESS%DEVICE 0 --seconds S          a router advertisement each second, from that link-local address
peer tcp-talk  ADDRESS PORT --seconds S               a line each 0.2 s over one connection, as long as S
"""
import argparse
import socket
import sys
import time

WAIT = 3.5


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def named(name):
    if name:
        with open("/proc/self/comm", "w", encoding="ascii") as comm:
            comm.write(name)


def tcp_serve(args):
    listener = socket.socket(family(args.address), socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((args.address, args.port))
    listener.listen(16)
    named(args.name)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        connection.settimeout(WAIT * 3)
        try:
            while True:
                line = connection.recv(4096)
                if not line:
                    break
                if args.answer:
                    connection.sendall((b"All work and no play makes a long answer. " * (args.answer // 42 + 1))[: args.answer])
                    break
                connection.sendall(b"answer to " + line)
        except OSError:
            pass
        connection.close()


def udp_serve(args):
    server = socket.socket(family(args.address), socket.SOCK_DGRAM)
    server.bind((args.address, args.port))
    named(args.name)
    print("ready", flush=True)
    while True:
        text, peer = server.recvfrom(2048)
        server.sendto(b"answer to " + text, peer)


def tcp_ask(args):
    source = (args.source, 0) if args.source else None
    with socket.create_connection((args.address, args.port), WAIT, source) as connection:
        connection.sendall(b"question\n")
        if args.send:
            connection.recv(4096)
            connection.sendall(b"A long letter. " * (args.send // 15))
        connection.shutdown(socket.SHUT_WR)
        size = 0
        while chunk := connection.recv(65536):
            size += len(chunk)
    print(f"{size} bytes from {args.address} port {args.port}")
    return 0 if size else 1


def tcp_talk(args):
    with socket.create_connection((args.address, args.port), timeout=WAIT) as connection:
        end = time.monotonic() + args.seconds
        lines = 0
        while time.monotonic() < end:
            connection.sendall(b"line %d\n" % lines)
            connection.recv(4096)
            lines += 1
            time.sleep(0.2)
    print(f"{lines} lines answered")
    return 0


def udp_ask(args):
    client = socket.socket(family(args.address), socket.SOCK_DGRAM)
    if args.from_port:
        client.bind(("", args.from_port))
    client.settimeout(0.5)
    client.connect((args.address, args.port))
    answers = 0
    for number in range(args.tries):
        try:
            client.send((b"question %d " % number).ljust(args.size, b"."))
            client.recv(2048)
            answers += 1
            time.sleep(args.pause)
        except TimeoutError:
            print(f"no answer from {args.address} port {args.port}")
        except OSError as error:
            print(f"{args.address} port {args.port}: {error.strerror}")
            time.sleep(0.3)
    print(f"{answers} of {args.tries} answered")
    return 0 if answers else 1


def udp_burst(args):
    client = socket.socket(family(args.address), socket.SOCK_DGRAM)
    client.settimeout(2.5)
    client.connect((args.address, args.port))
    for number in range(args.tries):
        client.send((b"reading %d " % number).ljust(args.size, b"."))
    answers = 0
    try:
        while answers < args.tries:
            client.recv(2048)
            answers += 1
    except TimeoutError:
        pass
    print(f"{answers} of {args.tries} answered")
    return 0 if answers else 1


def ra_send(args):
    router = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    address, device = args.address.split("%")
    index = socket.if_nametoindex(device)
    router.bind((address, 0, 0, index))
    router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    print("ready", flush=True)
    end = time.monotonic() + args.seconds
    while time.monotonic() < end:
        # RFC 4861, 4.2: hop limit 64, no flags, lifetime 1800 s; the kernel fills in the checksum.
        router.sendto(bytes([134, 0, 0, 0, 64, 0]) + (1800).to_bytes(2, "big") + bytes(8), ("ff02::1", 0, 0, index))
        time.sleep(1)
    return 0


def ones_sum(data):
    total = sum(int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big") for at in range(0, len(data), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return (~total & 0xFFFF).to_bytes(2, "big")


def vxlan_damaged(args):
    """What a device sends that completes the outer checksum wrongly; the frame inside is in order."""
    node = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    node.bind((args.source, 0))
    for number in range(args.tries):
        echo = bytes([8, 0]) + bytes(2) + (77).to_bytes(2, "big") + number.to_bytes(2, "big") + b"are you there?"
        echo = echo[:2] + ones_sum(echo) + echo[4:]
        head = bytes([0x45, 0]) + (20 + len(echo)).to_bytes(2, "big") + bytes([0, number, 0, 0, 64, 1, 0, 0])
        head += bytes([10, 42, 2, 0, 10, 42, 1, 0])
        head = head[:10] + ones_sum(head) + head[12:]
        frame = bytes.fromhex("02420a2a010002420a2a02000800") + head + echo
        inside = bytes([8, 0, 0, 0, 0, 0, 7, 0]) + frame
        ports = (49000 + number).to_bytes(2, "big") + args.port.to_bytes(2, "big")
        node.sendto(ports + (8 + len(inside)).to_bytes(2, "big") + b"\x12\x34" + inside, (args.address, args.port))
        time.sleep(0.2)
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("tcp-serve", "udp-serve", "tcp-ask", "udp-ask", "udp-burst", "ra-send", "vxlan-damaged", "tcp-talk"))
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("name", nargs="?")
    parser.add_argument("--answer", type=int, default=0)
    parser.add_argument("--send", type=int, default=0)
    parser.add_argument("--source")
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--from", dest="from_port", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1)
    args = parser.parse_args()
    try:
        return globals()[args.what.replace("-", "_")](args)
    except OSError as error:
        print(f"{args.address} port {args.port}: {error.strerror or error}")
        return 1


sys.exit(main())
