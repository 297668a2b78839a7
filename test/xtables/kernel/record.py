#!/usr/bin/env python3
"""Records what the kernel's matches say: record.py FAMILY BACKEND SEED > run-FAMILY-BACKEND.json

Run it as root in a network namespace of its own (unshare -n). It loads the rules of rulesFAMILY.txt in random order into a chain
that every locally sent packet passes and no packet survives, sends random packets (whole, cut short, as fragments, with IPv6
extension headers) to addresses of lo, and prints the packets with their times and the rules with their counters.
"""
import json, os, random, socket, struct, subprocess, sys, time

family, backend, seed = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
rnd = random.Random(seed)
pick = rnd.choice
here = os.path.dirname(os.path.abspath(__file__))
command = ('iptables-' if family == 4 else 'ip6tables-') + backend
PACKETS = 150


def shell(*words, **more):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def tcp():
    options = b''
    for _ in range(rnd.randint(0, 3)):
        mss = struct.pack('!H', pick([400, 500, 1460, 1461]))
        options += pick([b'\x01', b'\x02\x04' + mss, b'\x03\x03\x07', b'\x08\x0a' + bytes(8), b'\x04\x02', b'\x00'])
    options += b'\x01' * (-len(options) % 4)
    flags = pick([2, 2, 18, 16, 24, 4, 0, 41, 63, 1, 17, rnd.randrange(256)])
    ports = (pick([1, 50, 80, 2000, 40000]), pick([53, 80, 150, 443]))
    header = struct.pack('!HHIIBBHHH', *ports, 1, 2, (5 + len(options) // 4) << 4, flags, 100, 0, 0)
    return header + options + pick([b'', b'hello', b'GET hello'])


def udp():
    data = pick([b'', b'xx', b'hello', b'abHELLOcd' * 2, b'\0\1'])
    return struct.pack('!HHHH', pick([53, 67, 1024, 1999, 5]), pick([53, 68, 80, 5353]), 8 + len(data), 0) + data


def icmp():
    return struct.pack('!BBHI', pick([0, 3, 8, 8, 11, 255]), pick([0, 1, 4]), 0, 0) + pick([b'', b'hello'])


def sctp():
    packet = struct.pack('!HHII', pick([80, 5]), pick([80, 90]), 1, 2)
    for _ in range(rnd.randint(0, 3)):
        size = pick([0, 0, 3, 4])
        packet += struct.pack('!BBH', pick([0, 0, 1, 3, 6]), rnd.randrange(8), 4 + size) + bytes((size + 3) & ~3)
    return packet


def dccp():
    options = b''.join(pick([b'\x00', b'\x01', b'\x20\x03\x00', b'\x21\x02']) for _ in range(rnd.randint(0, 3)))
    options += bytes(-len(options) % 4)
    kind = pick([0, 2, 4, 7, 12]) << 1
    return struct.pack('!HHBBHBBH', pick([80, 5]), pick([80, 81]), (12 + len(options)) // 4, 0, 0, kind, 0, 5) + options


def esp():
    return struct.pack('!II', pick([5, 100, 150, 300]), 1) + bytes(8)


def ah():
    return struct.pack('!BBHII', 6, 4, 0, pick([5, 100, 150]), 1) + bytes(12)


def ipcomp():
    return struct.pack('!BBH', 6, pick([0, 1]), pick([5, 50, 200])) + b'zz'


def mobility():
    return struct.pack('!BBBBH', pick([59, 59, 6]), 0, pick([1, 2, 7]), 0, 0) + bytes(2)


def nothing():
    return b''


KINDS = [(6, tcp), (6, tcp), (17, udp), (17, udp), (132, sctp), (33, dccp), (50, esp), (108, ipcomp), (136, udp), (47, udp)]
KINDS += [(1, icmp), (51, ah)] if family == 4 else [(58, icmp), (59, nothing), (135, mobility)]


def last(number):
    return bytes(15) + bytes([number])


def extended(protocol, body):
    """The body behind up to two extension headers."""
    for _ in range(pick([0, 0, 0, 1, 1, 2])):
        kind = pick(['hbh', 'dst', 'dst', 'rt', 'frag', 'ah', 'srh'])
        if kind in ('hbh', 'dst'):
            options = pick([b'\x01\x04' + bytes(4), b'\x05\x02\0\0\x01\x00', b'\x01\x02\0\0\x00\x00', b'\x04\x0c' + bytes(12)])
            header = struct.pack('!BB', protocol, (len(options) + 2) // 8 - 1) + options
            protocol = 0 if kind == 'hbh' else 60
        elif kind == 'rt':
            hops = pick([b'', last(5), last(5) + last(6), last(6)])
            header = struct.pack('!BBBBI', protocol, len(hops) // 8, pick([0, 0, 2]), pick([0, 0, 1]), pick([0, 0, 1])) + hops
            protocol = 43
        elif kind == 'srh':
            hops = pick([last(5), last(6) + last(5), last(6) + last(5) + last(7)])
            fields = (protocol, len(hops) // 8, 4, pick([0, 0, 1]), len(hops) // 16 - 1, 0, pick([0, 9]))
            header = struct.pack('!BBBBBBH', *fields) + hops
            protocol = 43
        elif kind == 'frag':
            word = pick([0, 1, 1, 8, 9, 16, 0x29])
            header = struct.pack('!BBHI', protocol, pick([0, 0, 1]), word, pick([5, 6, 9]))
            protocol = 44
        else:
            header = struct.pack('!BBHII', protocol, 4, pick([0, 1]), pick([5, 100, 150]), 1) + bytes(12)
            protocol = 51
        body = header + body
    return protocol, body


def packet(number):
    protocol, make = pick(KINDS)
    body = make()
    if family == 6:
        protocol, body = extended(protocol, body)
    if rnd.random() < 0.14:
        body = body[: rnd.randrange(0, len(body) + 1)]
    tos = pick([0, 0, 0x10, 0xB8, 1, 2, 0x28, 3])
    ttl = pick([64, 64, 1, 255, 9])
    source, destination = pick([1, 1, 2]), rnd.randrange(1, 12)
    if family == 6:
        header = struct.pack('!IHBB', 0x60000000 | tos << 20, len(body), protocol, ttl)
        return header + last(source) + last(destination) + body
    fragment = pick([0] * 8 + [0x2000, 1, 5, 0x2003])
    options = pick([b''] * 6 + [b'\x01\x01\x01\x00'])
    words = 5 + len(options) // 4
    header = struct.pack('!BBHHHBBH', 0x40 | words, tos, words * 4 + len(body), number, fragment, ttl, protocol, 0)
    return header + bytes([127, 0, 0, source, 127, 0, 0, destination]) + options + body


shell('ip', 'link', 'set', 'lo', 'up')
if family == 6:
    for i in range(2, 12):
        shell('ip', 'addr', 'add', f'::{i:x}/128', 'dev', 'lo')
with open(f'{here}/rules{family}.txt') as file:
    rules = [line for line in file.read().splitlines() if line]
rnd.shuffle(rules)
table = ['*mangle', ':foo - [0:0]'] + ['-A foo ' + rule for rule in rules] + ['-A OUTPUT -j foo', '-A OUTPUT -j DROP', 'COMMIT', '']
shell(command + '-restore', input='\n'.join(table))
kind = socket.AF_INET if family == 4 else socket.AF_INET6
sender = socket.socket(kind, socket.SOCK_RAW, socket.IPPROTO_RAW)
sent = []
for number in range(1, PACKETS + 1):
    data = packet(number)
    target = data[16:20] if family == 4 else data[24:40]
    now = time.time()
    try:
        sender.sendto(data, (socket.inet_ntop(kind, target), 0))
    except PermissionError:
        pass  # the DROP at the end of OUTPUT
    except OSError:
        continue  # not a packet that the socket takes
    sent.append([round(now, 6), data.hex()])
save = shell(command + '-save', '-c', '-t', 'mangle')
counted = [line for line in save.splitlines() if ' -A foo ' in line]
json.dump({'family': family, 'backend': backend, 'seed': seed, 'rules': counted, 'packets': sent}, sys.stdout, indent=0)
print()
