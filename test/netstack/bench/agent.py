"""Sends frames and local packets into network namespaces and tells what came out, VLAN tags included: one JSON line a command.

{"open": [["ns", "iface"], ...], "local": ["ns", ...]}   sockets on the far ends, and namespaces that local packets are sent from
{"send": INDEX, "frame": HEX, "wait": SECONDS}           a frame out of far end INDEX
{"local": "ns", "packet": HEX, "wait": SECONDS}          an IP packet, header included, sent by the namespace
Answer: {"frames": [[INDEX, HEX], ...]} or {"error": TEXT}
"""
import ctypes, json, os, select, socket, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
ETH_P_ALL, SOL_PACKET, PACKET_AUXDATA = 3, 263, 8
STATUS_VLAN_VALID, STATUS_TPID_VALID = 1 << 4, 1 << 6

home = os.open("/proc/self/ns/net", os.O_RDONLY)
ends, senders = [], {}


def enter(name):
    with open(f"/var/run/netns/{name}") as handle:
        if libc.setns(handle.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), f"setns {name}")


def frame_of(end):
    try:
        data, extra, _, address = end.recvmsg(65536, 256)
    except OSError:  # The end was set down.
        return None
    if address[2] == socket.PACKET_OUTGOING:
        return None
    for level, kind, text in extra:
        if level == SOL_PACKET and kind == PACKET_AUXDATA and len(text) >= 20:
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", text[:20])
            if status & STATUS_VLAN_VALID:
                tpid = tpid if status & STATUS_TPID_VALID else 0x8100
                data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
    return data


def collect(wait):
    frames = []
    while True:
        ready, _, _ = select.select(ends, [], [], wait)
        if not ready:
            return frames
        for index, end in enumerate(ends):
            if end in ready:
                data = frame_of(end)
                if data is not None:
                    frames.append([index, data.hex()])


def opened(command):
    for old in ends + [s for pair in senders.values() for s in pair]:
        old.close()
    ends.clear()
    senders.clear()
    for name, interface in command["open"]:
        enter(name)
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        end.bind((interface, 0))
        end.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        ends.append(end)
    for name in command["local"]:
        enter(name)
        raw4 = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw4.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        raw6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
        senders[name] = (raw4, raw6)
    libc.setns(home, 0)


for line in sys.stdin:
    command = json.loads(line)
    try:
        answer = {}
        if "open" in command:
            opened(command)
            answer = {"frames": []}
        elif "send" in command:
            collect(0)
            ends[command["send"]].send(bytes.fromhex(command["frame"]))
            answer["frames"] = collect(command["wait"])
        else:
            collect(0)
            packet = bytes.fromhex(command["packet"])
            raw4, raw6 = senders[command["local"]]
            try:
                if packet[0] >> 4 == 4:
                    raw4.sendto(packet, (socket.inet_ntop(socket.AF_INET, packet[16:20]), 0))
                else:
                    raw6.sendto(packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0))
            except OSError as error:
                answer["errno"] = error.errno
            answer["frames"] = collect(command["wait"])
    except OSError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
