#!/usr/bin/python3
"""What real networks are full of: clients with their habits, strangers that scan, chatter of a LAN.

crowd serve    ADDRESS PORT [--name NAME]      one TCP server with many habits; the request says which (see `habits`)
crowd hear     ADDRESS PORT [--name NAME]      takes datagrams and answers none
crowd habit    ADDRESS PORT HABIT [--seconds S] one client with that habit
crowd busy     ADDRESS PORT --clients N --asks N --size BYTES
               [--source-net A.B.C]            N clients at a time, each asks N times for BYTES
crowd say      ADDRESS PORT [--tries N]        datagrams that nobody answers: syslog, statsd
crowd scan     ADDRESS SOURCE... --ports P,... single raw SYNs from those sources, and UDP probes and pings
crowd chatter  DEVICE --address A [--seconds S] STP, LLDP, VRRP, mDNS, SSDP, LLMNR, NetBIOS, IGMP, WS-Discovery, ARP
"""
import argparse
import random
import socket
import struct
import sys
import threading
import time

LINGER_RESET = struct.pack("ii", 1, 0)


def serve(args):
    listener = socket.socket(socket.AF_INET6 if ":" in args.address else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((args.address, args.port))
    listener.listen(512)
    if args.name:
        with open("/proc/self/comm", "w", encoding="ascii") as comm:
            comm.write(args.name)
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=attend, args=(connection,), daemon=True).start()


def attend(connection):
    """`get BYTES`, `wait SECONDS`, `idle`, `slow`, anything else is echoed."""
    try:
        while line := connection.recv(65536):
            word, _, value = line.decode("latin1").partition("\n")[0].partition(" ")
            if word == "get":
                connection.sendall(b"The quick brown fox jumps over the lazy dog. " * (int(value) // 45 + 1))
            elif word == "wait":
                time.sleep(float(value))
                connection.sendall(b"nothing new\n")
            elif word == "slow":
                time.sleep(float(value))
            else:
                connection.sendall(b"ok " + line[:40])
    except OSError:
        pass
    connection.close()


def hear(args):
    """A collector: takes datagrams, answers none."""
    listener = socket.socket(socket.AF_INET6 if ":" in args.address else socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((args.address, args.port))
    if args.name:
        with open("/proc/self/comm", "w", encoding="ascii") as comm:
            comm.write(args.name)
    print("ready", flush=True)
    while True:
        listener.recv(2048)


def dial(args, **options):
    connection = socket.socket(socket.AF_INET6 if ":" in args.address else socket.AF_INET, socket.SOCK_STREAM)
    if options.get("source"):
        connection.bind((options["source"], 0))
    if options.get("window"):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options["window"])
    connection.settimeout(8)
    connection.connect((args.address, args.port))
    return connection


def habit(args):
    globals()[f"habit_{args.habit.replace('-', '_')}"](args)
    print(f"{args.habit}: done")
    return 0


def habit_keepalive(args):
    """Silent but for keep-alive probes, each answered."""
    with dial(args) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.SOL_TCP, socket.TCP_KEEPIDLE, 1)
        connection.setsockopt(socket.SOL_TCP, socket.TCP_KEEPINTVL, 1)
        connection.sendall(b"hello\n")
        connection.recv(4096)
        time.sleep(args.seconds)


def habit_zero_window(args):
    """Asks for more than it reads: the window closes, is probed, and opens again."""
    with dial(args, window=4096) as connection:
        connection.sendall(b"get 60000\n")
        time.sleep(args.seconds)
        size = 0
        while size < 60000:
            size += len(connection.recv(65536))


def habit_health_check(args):
    """As load balancers do: connected is healthy enough, and a RST ends it."""
    for _ in range(3):
        connection = dial(args)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        connection.close()
        time.sleep(0.3)


def habit_half_open(args):
    """As load balancers with raw sockets do: SYN, SYN-ACK, RST. The kernel, which knows of no connection, sends the RST."""
    source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    source.connect((args.address, args.port))
    own = source.getsockname()[0]
    for _ in range(3):
        send_syn(own, random.randrange(40000, 60000), args.address, args.port)
        time.sleep(0.3)


def habit_reset_after_close(args):
    """Reads a part of the answer and goes away: what still comes is answered with RST."""
    connection = dial(args, window=4096)
    connection.sendall(b"get 90000\n")
    connection.recv(1000)
    connection.close()
    time.sleep(0.5)


def habit_long_poll(args):
    with dial(args) as connection:
        connection.sendall(f"wait {args.seconds}\n".encode())
        connection.recv(4096)


def habit_give_up(args):
    """Asks for news, hears none in time, and closes in good order."""
    with dial(args) as connection:
        connection.sendall(b"wait 30\n")
        time.sleep(args.seconds)


def habit_upload(args):
    with dial(args) as connection:
        for _ in range(20):
            connection.sendall(b"slow 0\n" + b"x" * 20000 + b"\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass


def habit_download(args):
    with dial(args) as connection:
        connection.sendall(b"get 400000\n")
        size = 0
        while size < 400000:
            size += len(connection.recv(65536))


def busy(args):
    done = []

    def client(number):
        source = f"{args.source_net}.{number + 1}" if args.source_net else None
        for ask in range(args.asks):
            with dial(args, source=source) as connection:
                connection.sendall(f"get {args.size + 37 * (number + ask)}\n".encode())
                size = 0
                while size < args.size:
                    chunk = connection.recv(65536)
                    if not chunk:
                        return
                    size += len(chunk)
            done.append(size)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(args.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{len(done)} of {args.clients * args.asks} answered")
    return 0 if len(done) == args.clients * args.asks else 1


def say(args):
    sender = socket.socket(socket.AF_INET6 if ":" in args.address else socket.AF_INET, socket.SOCK_DGRAM)
    for number in range(args.tries):
        sender.sendto(b"<134>app[%d]: request done in %d ms" % (number, number * 7 % 90), (args.address, args.port))
        time.sleep(0.05)
    print(f"{args.tries} said")
    return 0


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_packet(source, target, protocol, body, ttl=64, checksum_at=None, tos=0):
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    if checksum_at is not None:
        pseudo = b"" if protocol == 1 else ends + struct.pack(">BBH", 0, protocol, len(body))
        body = body[:checksum_at] + struct.pack(">H", checksum(pseudo + body)) + body[checksum_at + 2 :]
    head = struct.pack(">BBHHHBBH", 0x45, tos, 20 + len(body), random.randrange(1, 65536), 0, ttl, protocol, 0) + ends
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + body


def udp(source_port, target_port, text):
    return struct.pack(">HHHH", source_port, target_port, 8 + len(text), 0) + text


def send_ip(packet, target):
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        raw.sendto(packet, (target, 0))


def send_syn(source, source_port, target, port, ttl=64):
    # Scanners send a bare SYN: an odd window and one option.
    head = struct.pack(">HHIIBBHHHBBH", source_port, port, random.randrange(1 << 32), 0, 6 << 4, 2, 1024, 0, 0, 2, 4, 1460)
    send_ip(ip_packet(source, target, 6, head, ttl, 16), target)


PROBES = {53: bytes.fromhex("000010000001000000000000") + b"\7version\4bind\0\0\x10\0\3", 123: b"\x1b" + bytes(47),
          161: bytes.fromhex("302602010104067075626c6963a119020478d2f1f0020100020100300b300906052b060102010500"),
          1900: b"M-SEARCH * HTTP/1.1\r\nST:ssdp:all\r\n\r\n", 11211: b"\0\0\0\0\0\1\0\0stats\r\n"}


def scan(args):
    ports = [int(port) for port in args.ports.split(",")]
    random.seed(11)
    for source in args.sources:
        for port in random.sample(ports, min(args.each, len(ports))):
            send_syn(source, random.randrange(30000, 62000), args.address, port, random.choice([44, 49, 51, 238]))
            time.sleep(0.01)
        for port in random.sample(sorted(PROBES), 2):
            body = udp(random.randrange(30000, 62000), port, PROBES[port])
            send_ip(ip_packet(source, args.address, 17, body, 52, 6), args.address)
        echo = struct.pack(">BBHHH", 8, 0, 0, random.randrange(65536), 1) + bytes(16)
        send_ip(ip_packet(source, args.address, 1, echo, 49, 2), args.address)
        time.sleep(0.05)
    print(f"{len(args.sources)} sources")
    return 0


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def name(text):
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".")) + b"\0"


def dns(identity, text, kind, answer=b""):
    flags = 0x8400 if answer else 0
    head = struct.pack(">6H", identity, flags, 0 if answer else 1, 1 if answer else 0, 0, 0)
    return head + name(text) + struct.pack(">2H", kind, 1) + answer


def chatter(args):
    own, me = mac("02:cd:10:00:00:07"), args.address
    net = me.rsplit(".", 1)[0]
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind((args.device, 0))
    group = lambda ip: mac("01:00:5e") + bytes([socket.inet_aton(ip)[1] & 127]) + socket.inet_aton(ip)[2:]
    multi = lambda to, port, text, from_port=None, ttl=255: group(to) + own + b"\x08\0" + ip_packet(
        me, to, 17, udp(from_port or port, port, text), ttl, 6)
    broad = lambda source, to, from_port, port, text: b"\xff" * 6 + own + b"\x08\0" + ip_packet(
        source, to, 17, udp(from_port, port, text), 64, 6)
    who = lambda sender, target, to=b"\xff" * 6: to + own + struct.pack(">HHHBBH", 0x806, 1, 0x800, 6, 4, 1) + (
        own + socket.inet_aton(sender) + bytes(6) + socket.inet_aton(target))
    length = lambda to, body: mac(to) + own + struct.pack(">H", len(body)) + body
    bpdu = bytes.fromhex("42420300000000008000") + own + bytes.fromhex("000000008000") + own + bytes.fromhex("80010000140002000f00")
    lldp = mac("01:80:c2:00:00:0e") + own + b"\x88\xcc" + b"\x02\x07\x04" + own + b"\x04\x05\x05Gi14" + b"\x06\x02\0\x78" + b"\0\0"
    vrrp = struct.pack(">BBBBBBH", 0x21, 20, 110, 1, 0, 1, 0) + socket.inet_aton(f"{net}.254") + bytes(8)
    igmp = b"\x16\0\0\0" + socket.inet_aton("239.255.255.250")
    solicit = struct.pack(">BBHI", 133, 0, 0, 0)
    ll = socket.inet_pton(socket.AF_INET6, "fe80::cd:10ff:fe00:7")
    routers = socket.inet_pton(socket.AF_INET6, "ff02::2")
    pseudo = ll + routers + struct.pack(">II", len(solicit), 58)
    solicit = solicit[:2] + struct.pack(">H", checksum(pseudo + solicit)) + solicit[4:]
    v6 = struct.pack(">IHBB", 6 << 28, len(solicit), 58, 255) + ll + routers + solicit
    discover = struct.pack(">BBBBIHHIIII", 1, 1, 6, 0, 0x3903F326, 0, 0x8000, 0, 0, 0, 0) + own + bytes(10 + 192) + (
        b"\x63\x82\x53\x63\x35\1\1\xff")
    frames = [
        length("01:80:c2:00:00:00", bpdu), lldp,
        group("224.0.0.18") + own + b"\x08\0" + ip_packet(me, "224.0.0.18", 112, vrrp, 255, 6, 0xC0),
        group("224.0.0.22") + own + b"\x08\0" + ip_packet(me, "224.0.0.22", 2, igmp, 1, 2, 0xC0),
        multi("224.0.0.251", 5353, dns(0, "_googlecast._tcp.local", 12)),
        multi("224.0.0.251", 5353, dns(0, "tv.local", 1, struct.pack(">IH", 120, 4) + socket.inet_aton(me))),
        multi("224.0.0.252", 5355, dns(7, "wpad", 1), 51022, 1),
        multi("239.255.255.250", 1900, b'M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\n\r\n', 50112, 2),
        multi("239.255.255.250", 3702, b"<?xml version='1.0'?><soap:Envelope/>", 49800, 1),
        broad(me, f"{net}.255", 137, 137, dns(3, "FHFAEBEECACACACACACACACACACACAAA", 32)),
        broad(me, "255.255.255.255", 17500, 17500, b'{"version": [2, 0], "port": 17500}'),
        broad("0.0.0.0", "255.255.255.255", 68, 67, discover),
        mac("33:33:00:00:00:02") + own + b"\x86\xdd" + v6,
        who(me, me),  # gratuitous
        who(me, f"{net}.199"), who(me, f"{net}.200"), who(me, f"{net}.201"),  # somebody looks who is there
    ]
    end = time.monotonic() + args.seconds
    while time.monotonic() < end:
        for frame in frames:
            raw.send(frame)
            time.sleep(0.01)
        time.sleep(0.8)
    print("done")
    return 0


def main():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("serve", "hear", "habit", "busy", "say"):
        one = verbs.add_parser(verb)
        one.add_argument("address")
        one.add_argument("port", type=int)
        if verb == "habit":
            one.add_argument("habit")
        one.add_argument("--name")
        one.add_argument("--seconds", type=float, default=3)
        one.add_argument("--clients", type=int, default=4)
        one.add_argument("--asks", type=int, default=1)
        one.add_argument("--size", type=int, default=2000)
        one.add_argument("--tries", type=int, default=5)
        one.add_argument("--source-net")
    one = verbs.add_parser("scan")
    one.add_argument("address")
    one.add_argument("sources", nargs="+")
    one.add_argument("--ports", required=True)
    one.add_argument("--each", type=int, default=6)
    one = verbs.add_parser("chatter")
    one.add_argument("device")
    one.add_argument("--address", required=True)
    one.add_argument("--seconds", type=float, default=4)
    args = parser.parse_args()
    try:
        return globals()[args.verb](args)
    except OSError as error:
        print(f"{error.strerror or error}")
        return 1


sys.exit(main())
