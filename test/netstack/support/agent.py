"""Sends frames and local packets into network namespaces and tells what came out: one JSON line a command.

{"open": [["ns", "iface"], ...], "local": "ns"}    sockets on the far ends, and where local packets are sent from
{"send": INDEX, "frame": HEX, "wait": SECONDS}     a frame out of far end INDEX
{"local": HEX, "wait": SECONDS}                    an IP packet, header included, sent by the namespace
Answer: {"frames": [[INDEX, HEX], ...]} or {"error": TEXT}
"""
import ctypes, json, os, select, socket, sys

libc = ctypes.CDLL(None, use_errno=True)
ETH_P_ALL = 3


def enter(name):
    with open(f"/var/run/netns/{name}") as handle:
        if libc.setns(handle.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), f"setns {name}")


ends = []
raw4 = raw6 = None


def collect(wait):
    frames = []
    while True:
        ready, _, _ = select.select(ends, [], [], wait)
        if not ready:
            return frames
        for index, end in enumerate(ends):
            if end not in ready:
                continue
            data, address = end.recvfrom(65536)
            if address[2] != socket.PACKET_OUTGOING:
                frames.append([index, data.hex()])


for line in sys.stdin:
    command = json.loads(line)
    try:
        if "open" in command:
            for name, interface in command["open"]:
                enter(name)
                end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
                end.bind((interface, 0))
                ends.append(end)
            enter(command["local"])
            raw4 = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            raw4.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            raw6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
            answer = {"frames": []}
        elif "send" in command:
            collect(0)
            ends[command["send"]].send(bytes.fromhex(command["frame"]))
            answer = {"frames": collect(command["wait"])}
        else:
            collect(0)
            packet = bytes.fromhex(command["local"])
            answer = {}
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
