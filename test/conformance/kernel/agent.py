"""The kernel's side of the conformance suite: sends packets into network namespaces and tells everything that became of them.

One JSON object a line in, one out.

{"open": {"ends": [[NETNS, DEVICE], ...], "namespaces": [NETNS, ...]}}
    A packet socket on every far end; in every namespace under test, sockets for sending locally and for the netfilter traces.
{"send": END, "frame": HEX, "wait": SECONDS}         a frame out of far end number END
{"local": NETNS, "packet": HEX, "wait": SECONDS}     an IP packet, header included, sent by a process of NETNS
{"idle": SECONDS}                                    whatever comes by itself is read and thrown away
    -> {"time": EPOCH, "errno": NUMBER?, "frames": [[END, HEX], ...], "events": [EVENT, ...]}
{"run": NETNS?, "script": TEXT}                      a shell script in NETNS, or where the agent came from  -> {"status": N, "out": TEXT, "err": TEXT}
{"sysctl": NETNS, "values": {NAME: VALUE}}           settings of NETNS
{"settle": [NETNS, ...]}                             waits until all veths that are up have carrier, all that have it say so, and ports of bridges forward
{"clock": true}                                      the ticks of jiffies  -> {"hz": NUMBER, "tick": EPOCH} or {}
{"sockets": NETNS, "held": [{"protocol": "tcp" | "udp", "address", "port", "peer": [ADDRESS, PORT]?, "transparent": BOOL?, "mark": N?, "v6only": BOOL?}]}
    sockets of a process there, until the next "close"; TCP ones listen, or are connected to their peer without a segment sent
{"close": true}                                      forgets the sockets

EVENT, nft tables (NFNLGRP_NFTRACE):
    {"by": "nft", "ns": NETNS, "id": N, "family": N, "table", "chain", "type": 1 policy | 2 return | 3 rule, "handle": N,
     "verdict": N, "policy": N, "mark": N, "iif": N, "oif": N, "ct": [STATE, DIRECTION, STATUS, ID], "network": HEX, "transport": HEX}
EVENT, legacy tables (TRACE through nfnetlink_log):
    {"by": "legacy", "ns": NETNS, "prefix": TEXT, "packet": HEX, "mark": N, "iif": N, "oif": N}
"""
import ctypes
import errno
import gzip
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA = 263, 8
VLAN_VALID, VLAN_TPID_VALID = 1 << 4, 1 << 6
NETLINK_NETFILTER = 12
NFNLGRP_NFTRACE = 9
SOL_NETLINK = 270
NLM_F_REQUEST, NLM_F_ACK = 1, 4
NFNL_SUBSYS_ULOG, NFNL_SUBSYS_NFTABLES = 4, 10
NFT_MSG_TRACE = 17
NETLINK_ROUTE = 0
NLM_F_DUMP = 0x300
NLMSG_DONE, RTM_NEWLINK, RTM_GETLINK = 3, 16, 18
IFF_UP, IFF_LOWER_UP = 1, 1 << 16
IFLA_OPERSTATE = 16
IF_OPER_UNKNOWN, IF_OPER_DORMANT, IF_OPER_UP = 0, 5, 6
IFLA_LINKINFO, IFLA_INFO_KIND, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA = 18, 1, 4, 5
IFLA_BRPORT_STATE, BR_STATE_FORWARDING = 1, 3
HOME = os.open("/proc/self/ns/net", os.O_RDONLY)


def enter(name):
    """A namespace by its name; None is the one that the agent was started in."""
    handle = HOME if name is None else os.open(f"/var/run/netns/{name}", os.O_RDONLY)
    try:
        if libc.setns(handle, 0) != 0:
            raise OSError(ctypes.get_errno(), f"setns {name}")
    finally:
        if handle != HOME:
            os.close(handle)


def attributes(data):
    found = {}
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def messages(data):
    at = 0
    while at + 16 <= len(data):
        length, kind, _, _, _ = struct.unpack_from("=IHHII", data, at)
        yield kind, data[at + 16 : at + length]
        at += (length + 3) & ~3


def u32(value):
    return struct.unpack(">I", value)[0] if value is not None and len(value) == 4 else None


def text(value):
    return value.rstrip(b"\0").decode("latin1") if value is not None else None


def netlink():
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    made.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)  # SO_RCVBUFFORCE
    made.bind((0, 0))
    return made


def trace_socket():
    made = netlink()
    made.setsockopt(SOL_NETLINK, 1, NFNLGRP_NFTRACE)  # NETLINK_ADD_MEMBERSHIP
    made.setblocking(False)
    return made


def log_socket():
    """Group 0 of nfnetlink_log: where the legacy tables' TRACE goes once nf_log names it."""
    made = netlink()
    configure(made, 0, attribute(1, struct.pack("=B3x", 3)))  # PF_BIND, as old kernels want it
    configure(made, 0, attribute(1, struct.pack("=B3x", 1)))  # BIND
    configure(made, 0, attribute(2, struct.pack(">IBx", 0xFFFF, 2)))  # whole packets
    configure(made, 0, attribute(5, struct.pack(">I", 1)))  # each at once
    made.setblocking(False)
    return made


def configure(sock, group, body):
    payload = struct.pack(">BBH", 0, 0, group) + body
    head = struct.pack("=IHHII", 16 + len(payload), (NFNL_SUBSYS_ULOG << 8) | 1, NLM_F_REQUEST | NLM_F_ACK, 1, 0)
    sock.send(head + payload)
    for kind, body in messages(sock.recv(65536)):
        if kind == 2 and struct.unpack_from("=i", body)[0] != 0:
            raise OSError(-struct.unpack_from("=i", body)[0], "nfnetlink_log")


def frame_of(end):
    """A frame that came in, with the outermost VLAN tag, which the kernel keeps beside it."""
    data, extra, _, address = end.recvmsg(65536, 256)
    if address[2] == socket.PACKET_OUTGOING:
        return None
    for level, kind, value in extra:
        if level == SOL_PACKET and kind == PACKET_AUXDATA and len(value) >= 20:
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", value[:20])
            if status & VLAN_VALID:
                data = data[:12] + struct.pack("!HH", tpid if status & VLAN_TPID_VALID else 0x8100, tci) + data[12:]
    return data


class Namespace:
    def __init__(self, name):
        self.name = name
        enter(name)
        self.raw4 = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.raw4.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.raw6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.raw6.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        self.trace = trace_socket()
        for family in (2, 10):
            with open(f"/proc/sys/net/netfilter/nf_log/{family}", "w") as handle:
                handle.write("nfnetlink_log")
        self.log = log_socket()

    def close(self):
        for each in (self.raw4, self.raw6, self.trace, self.log):
            each.close()


ends = []
namespaces = {}
held = []

IP_PKTINFO, IPV6_FREEBIND = 8, 78
IP_TRANSPARENT, IPV6_TRANSPARENT, IPV6_V6ONLY, SO_MARK, TCP_REPAIR = 19, 75, 26, 36, 19


def hold(wanted):
    six = ":" in wanted["address"]
    tcp = wanted["protocol"] == "tcp"
    peer = wanted.get("peer")
    made = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if six:
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_V6ONLY, int(wanted.get("v6only", True)))
    if wanted.get("transparent"):
        made.setsockopt(*((socket.IPPROTO_IPV6, IPV6_TRANSPARENT) if six else (socket.IPPROTO_IP, IP_TRANSPARENT)), 1)
    if wanted.get("mark"):
        made.setsockopt(socket.SOL_SOCKET, SO_MARK, wanted["mark"])
    if tcp and peer:
        made.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    made.bind((wanted["address"], wanted["port"]))
    if peer:
        made.connect(tuple(peer))
    elif tcp:
        made.listen(4)
    held.append(made)


def drain(sock):
    while True:
        try:
            yield sock.recvfrom(1 << 17)
        except BlockingIOError:
            return
        except OSError as problem:
            if problem.errno == errno.ENOBUFS:
                raise RuntimeError("trace events were lost: the socket's buffer is full") from problem
            raise


def nft_events(space):
    for data, _ in drain(space.trace):
        for kind, body in messages(data):
            if kind != (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_TRACE:
                continue
            found = attributes(body[4:])
            verdict = attributes(found[5]) if 5 in found else {}
            code = u32(verdict.get(1))
            handle = found.get(3)
            event = {
                "by": "nft",
                "ns": space.name,
                "id": u32(found.get(6)),
                "family": body[0],
                "table": text(found.get(1)),
                "chain": text(found.get(2)),
                "type": u32(found.get(4)),
                "handle": struct.unpack(">Q", handle)[0] if handle else None,
                "verdict": None if code is None else struct.unpack("=i", struct.pack("=I", code))[0],
                "policy": u32(found.get(16)),
                "mark": u32(found.get(14)),
                "iif": u32(found.get(10)),
                "oif": u32(found.get(12)),
                "ct": [u32(found.get(21)), found[19][0] if 19 in found else None, u32(found.get(20)), u32(found.get(18))]
                if 21 in found
                else None,
                "network": found[8].hex() if 8 in found else None,
                "transport": found[9].hex() if 9 in found else None,
            }
            yield {key: value for key, value in event.items() if value is not None}


def log_events(space):
    for data, _ in drain(space.log):
        for kind, body in messages(data):
            if kind != NFNL_SUBSYS_ULOG << 8:
                continue
            found = attributes(body[4:])
            prefix = text(found.get(10)) or ""
            if not prefix.startswith("TRACE: "):
                continue
            event = {
                "by": "legacy",
                "ns": space.name,
                "prefix": prefix,
                "packet": found.get(9, b"").hex(),
                "mark": u32(found.get(2)),
                "iif": u32(found.get(4)),
                "oif": u32(found.get(5)),
            }
            yield {key: value for key, value in event.items() if value is not None}


def collect(wait):
    """Frames until none came for so long; a veth hands a frame on before send() returns, so events are there by then too."""
    frames = []
    while True:
        ready, _, _ = select.select(ends, [], [], wait)
        if not ready:
            break
        for index, end in enumerate(ends):
            if end not in ready:
                continue
            data = frame_of(end)
            if data is not None:
                frames.append([index, data.hex()])
    events = []
    for space in namespaces.values():
        events.extend(nft_events(space))
        events.extend(log_events(space))
    return {"frames": frames, "events": events}


def close():
    for end in ends:
        end.close()
    ends.clear()
    for each in held:
        each.close()
    held.clear()
    for space in namespaces.values():
        space.close()
    namespaces.clear()


def opened(wanted):
    close()
    for name, device in wanted["ends"]:
        enter(name)
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        end.bind((device, 0))
        end.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        ends.append(end)
    for name in wanted["namespaces"]:
        namespaces[name] = Namespace(name)
    return {}


def send_local(space, packet):
    """By raw sockets, which are asked to find the route by the packet's own source and class, as a socket bound to it does."""
    if packet[0] >> 4 == 4:
        source, destination, tos = packet[12:16], packet[16:20], packet[1]
        grouped = destination[0] >= 224
        sock, to = space.raw4, socket.inet_ntop(socket.AF_INET, destination)
        bound = (socket.IPPROTO_IP, IP_PKTINFO, struct.pack("i4s4s", 0, source, bytes(4)))
        classed = (socket.IPPROTO_IP, socket.IP_TOS, struct.pack("i", tos))
    else:
        source, destination, tos = packet[8:24], packet[24:40], (packet[0] << 4 | packet[1] >> 4) & 255
        grouped = destination[0] == 255 or source[0] == 254
        sock, to = space.raw6, socket.inet_ntop(socket.AF_INET6, destination)
        bound = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, struct.pack("16si", source, 0))
        classed = (socket.IPPROTO_IPV6, socket.IPV6_TCLASS, struct.pack("i", tos))
    try:
        # Groups leave by the interface that has the source, once a socket is bound to it; link-local sources need one anyhow.
        sock.sendmsg([packet], [classed] if grouped or not any(source) else [bound, classed], 0, (to, 0))
    except OSError as problem:
        return {"errno": problem.errno}
    return {}


def clock():
    """Ticks fall on whole multiples of their length in CLOCK_MONOTONIC (tick_setup_device())."""
    try:
        with gzip.open("/proc/config.gz", "rt") as config:
            hz = next(int(line.split("=")[1]) for line in config if line.startswith("CONFIG_HZ="))
    except (OSError, StopIteration):
        return {}
    return {"hz": hz, "tick": (time.time_ns() - time.monotonic_ns()) / 1e9 + int(time.monotonic())}


def is_settled():
    """Carrier comes a moment after a device is up, its state a moment after that, and then a bridge's port forwards."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as asked:
        asked.send(struct.pack("=IHHII", 32, RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + bytes(16))
        while True:
            for kind, body in messages(asked.recv(1 << 18)):
                if kind == NLMSG_DONE:
                    return True
                if kind != RTM_NEWLINK:
                    raise RuntimeError(f"a list of links has a message of kind {kind}")
                flags = struct.unpack_from("=I", body, 8)[0]
                link = attributes(body[16:])
                about = attributes(link.get(IFLA_LINKINFO, b""))
                if text(about.get(IFLA_INFO_KIND)) == "veth" and flags & IFF_UP and not flags & IFF_LOWER_UP:
                    return False
                state = link[IFLA_OPERSTATE][0]
                if flags & IFF_UP and flags & IFF_LOWER_UP and state not in (IF_OPER_UNKNOWN, IF_OPER_DORMANT, IF_OPER_UP):
                    return False
                if text(about.get(IFLA_INFO_SLAVE_KIND)) != "bridge":
                    continue
                if attributes(about[IFLA_INFO_SLAVE_DATA])[IFLA_BRPORT_STATE][0] != BR_STATE_FORWARDING:
                    return False


def settle(names):
    """For a second at most: a case may have a port that never forwards."""
    for name in names:
        enter(name)
        for _ in range(100):
            if is_settled():
                break
            time.sleep(0.01)
    return {}


def answer(command):
    if "clock" in command:
        return clock()
    if "open" in command:
        return opened(command["open"])
    if "close" in command:
        close()
        return {}
    if "sockets" in command:
        enter(command["sockets"])
        for wanted in command["held"]:
            hold(wanted)
        return {}
    if "run" in command:
        enter(command["run"])
        done = subprocess.run(
            ["sh", "-s"],
            input=command["script"].encode(),
            capture_output=True,
            check=False,
        )
        return {
            "status": done.returncode,
            "out": done.stdout.decode("utf8", "replace"),
            "err": done.stderr.decode("utf8", "replace"),
        }
    if "sysctl" in command:
        enter(command["sysctl"])
        for name, value in command["values"].items():
            with open(f"/proc/sys/{name.replace('.', '/')}", "w") as handle:
                handle.write(f"{value}\n")
        return {}
    if "settle" in command:
        return settle(command["settle"])
    if "idle" in command:
        time.sleep(command["idle"])
        collect(0)
        return {}
    extra = {}
    data = bytes.fromhex(command["frame"] if "send" in command else command["packet"])
    now = time.time()
    if "send" in command:
        ends[command["send"]].send(data)
    else:
        extra = send_local(namespaces[command["local"]], data)
    return {"time": now, **extra, **collect(command["wait"])}


for line in sys.stdin:
    try:
        told = answer(json.loads(line))
    except (OSError, RuntimeError, KeyError) as problem:
        told = {"error": f"{type(problem).__name__}: {problem}"}
    print(json.dumps(told), flush=True)
