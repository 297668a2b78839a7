#!/usr/bin/python3
"""The two ends of a conversation, small and with bounded waits.

peer tcp-serve ADDRESS PORT [NAME] [--answer BYTES]   one line in, an answer out, close; NAME is what ps and ss show
               [--again S]                            says something more S seconds after each answer
               [--stray S]                            S seconds after it began, a segment far outside the window
peer tcp-stuck ADDRESS PORT [NAME] --backlog N        takes one connection and no more: what comes after it waits in a queue for N
peer tcp-hold  ADDRESS PORT --tries N --seconds S     N connections one after the other, each with a line, all kept for S seconds;
               [--then]                               and then one more, with exit 1 where that fails
peer udp-serve ADDRESS PORT [NAME]                    answers each datagram with its own text
peer tcp-ask   ADDRESS PORT [--send BYTES] [--source ADDRESS] [--from PORT] [--seconds WAIT]
                                                      prints the answer's size; exit 1 on refusal or time-out
peer udp-ask   ADDRESS PORT [--tries N] [--from PORT] [--source ADDRESS] [--size BYTES] [--pause SECONDS]
                                                      N datagrams, half a second apart where none is answered; exit 1 without any answer
peer udp-burst ADDRESS PORT [--tries N] [--size BYTES]
                                                      N datagrams at once; exit 1 without any answer
peer vxlan-damaged ADDRESS PORT --source ADDRESS [--tries N]
                                                      VXLAN packets (an echo request inside) with a wrong outer checksum
peer ra-send   ADDRESS%DEVICE 0 --seconds S          a router advertisement each second, from that link-local address
peer tcp-talk  ADDRESS PORT --seconds S [--from PORT] a line each 0.2 s over one connection, as long as S
               [--stray S]                            S seconds after it began, a segment far outside the window
peer udp-damaged ADDRESS PORT --from PORT             three datagrams with a wrong checksum
peer dns-ask   ADDRESS NAME                           asks for the name's address three times, as a resolver does
peer dns-pair  ADDRESS NAME                           asks for A and AAAA at once, and again after five seconds
peer tcp-wait  ADDRESS PORT --seconds S               asks once, then waits that long for what the server says by itself
"""
import argparse
import socket
import struct
import sys
import threading
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
        threading.Thread(target=converse, args=(connection, args), daemon=True).start()


def tcp_stuck(args):
    listener = socket.socket(family(args.address), socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((args.address, args.port))
    listener.listen(args.backlog)
    named(args.name)
    print("ready", flush=True)
    connection, _ = listener.accept()
    connection.recv(4096)
    connection.sendall(b"working on it\n")
    time.sleep(600)


def tcp_hold(args):
    connections = []
    source = (args.source, 0) if args.source else None
    for _ in range(args.tries):
        connection = socket.create_connection((args.address, args.port), WAIT, source)
        connection.sendall(b"hello\n")
        connections.append(connection)
    print("ready", flush=True)
    if args.then:
        socket.create_connection((args.address, args.port), WAIT, source)
    time.sleep(args.seconds)
    return 0


def converse(connection, args):
    connection.settimeout(WAIT * 3)
    if args.stray:
        threading.Timer(args.stray, send_stray, (connection,)).start()
    try:
        while line := connection.recv(4096):
            if args.answer:
                connection.sendall((b"All work and no play makes a long answer. " * (args.answer // 42 + 1))[: args.answer])
                break
            connection.sendall(b"answer to " + line)
            if args.again:
                time.sleep(args.again)
                connection.sendall(b"news of the day\n")
    except OSError:
        pass
    connection.close()


def send_stray(connection):
    """The connection's addresses, ports and acknowledgement, and a sequence number that nobody can expect."""
    repair, queue, queue_seq = 19, 20, 21
    connection.setsockopt(socket.SOL_TCP, repair, 1)
    connection.setsockopt(socket.SOL_TCP, queue, 1)
    acknowledged = connection.getsockopt(socket.SOL_TCP, queue_seq) & 0xFFFFFFFF
    connection.setsockopt(socket.SOL_TCP, queue, 2)
    sequence = connection.getsockopt(socket.SOL_TCP, queue_seq) & 0xFFFFFFFF
    connection.setsockopt(socket.SOL_TCP, repair, 0)
    own, peer = connection.getsockname(), connection.getpeername()
    text = b"answer to line 0\n"
    header = struct.pack(
        ">HHIIBBHHH", own[1], peer[1], (sequence + 400_000_000) & 0xFFFFFFFF, acknowledged, 5 << 4, 0x18, 500, 0, 0
    )
    send_raw(own[0], peer[0], 6, header, 16, text)


def send_raw(source, destination, protocol, header, checksum_at, text, damage=0):
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    pseudo = addresses + struct.pack(">BBH", 0, protocol, len(header) + len(text))
    checksum = internet_checksum(pseudo + header + text) ^ damage
    segment = header[:checksum_at] + struct.pack(">H", checksum) + header[checksum_at + 2 :] + text
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, protocol, 0) + addresses
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(ip + segment, (destination, 0))


def internet_checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_damaged(args):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.bind(("", args.from_port))
    client.settimeout(0.5)
    client.connect((args.address, args.port))
    answers = 0
    for number in range(3):
        text = b"frame %d" % number
        header = struct.pack(">HHHH", args.from_port, args.port, 8 + len(text), 0)
        send_raw(client.getsockname()[0], args.address, 17, header, 6, text, damage=0x1234)
        try:
            client.recv(2048)
            answers += 1
        except OSError:
            print(f"no answer from {args.address} port {args.port}")
    print(f"{answers} of 3 answered")
    return 0 if answers else 1


def udp_serve(args):
    server = socket.socket(family(args.address), socket.SOCK_DGRAM)
    server.bind((args.address, args.port))
    named(args.name)
    print("ready", flush=True)
    while True:
        text, peer = server.recvfrom(2048)
        server.sendto(b"answer to " + text, peer)


def tcp_ask(args):
    source = (args.source or "", args.from_port) if args.source or args.from_port else None
    with socket.create_connection((args.address, args.port), max(WAIT, args.seconds), source) as connection:
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
    source = ("", args.from_port) if args.from_port else None
    with socket.create_connection((args.address, args.port), timeout=WAIT, source_address=source) as connection:
        if args.stray:
            threading.Timer(args.stray, send_stray, (connection,)).start()
        end = time.monotonic() + args.seconds
        lines = 0
        while time.monotonic() < end:
            connection.sendall(b"line %d\n" % lines)
            if not connection.recv(4096):
                print("closed by the other side")
                return 1
            lines += 1
            time.sleep(0.2)
    print(f"{lines} lines answered")
    return 0


def tcp_wait(args):
    with socket.create_connection((args.address, args.port), timeout=WAIT) as connection:
        connection.sendall(b"question\n")
        connection.settimeout(args.seconds)
        connection.recv(4096)
        news = connection.recv(4096)
    print(f"{len(news)} bytes of news")
    return 0 if news else 1


def udp_ask(args):
    client = socket.socket(family(args.address), socket.SOCK_DGRAM)
    if args.from_port or args.source:
        client.bind((args.source or "", args.from_port or 0))
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


def question(identity, name, kind):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">6H", identity, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, 1)


def dns_pair(args):
    client = socket.socket(family(args.address), socket.SOCK_DGRAM)
    client.settimeout(5)
    client.connect((args.address, 53))
    waiting = {0x5C01: question(0x5C01, args.name, 1), 0x5C02: question(0x5C02, args.name, 28)}
    begun = time.monotonic()
    while waiting and time.monotonic() - begun < 16:
        for text in waiting.values():
            client.send(text)
        try:
            while waiting:
                waiting.pop(struct.unpack(">H", client.recv(2048)[:2])[0], None)
        except TimeoutError:
            continue
    print(f"{2 - len(waiting)} of 2 answered after {time.monotonic() - begun:.1f} s")
    return 1 if waiting else 0


def dns_ask(args):
    client = socket.socket(family(args.address), socket.SOCK_DGRAM)
    client.settimeout(1)
    client.connect((args.address, 53))
    for number in range(3):
        client.send(question(0x4A00 + number, args.name, 1))
        try:
            client.recv(2048)
            print(f"{args.name} is known to {args.address}")
            return 0
        except OSError:
            print(f"no answer from {args.address}")
    return 1


def main():
    parser = argparse.ArgumentParser()
    kinds = "tcp-serve udp-serve tcp-ask udp-ask udp-burst udp-damaged ra-send vxlan-damaged tcp-talk tcp-wait tcp-stuck tcp-hold dns-ask dns-pair"
    parser.add_argument("what", choices=kinds.split())
    parser.add_argument("address")
    if sys.argv[1:2] not in (["dns-ask"], ["dns-pair"]):
        parser.add_argument("port", type=int)
    parser.add_argument("name", nargs="?")
    parser.add_argument("--answer", type=int, default=0)
    parser.add_argument("--send", type=int, default=0)
    parser.add_argument("--source")
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--stray", type=float, default=0)
    parser.add_argument("--backlog", type=int, default=0)
    parser.add_argument("--then", action="store_true")
    parser.add_argument("--again", type=float, default=0)
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
