/** By which interface a connection leaves whose source the route chooses, where policy rules go by the source: as sockets of this kernel do. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../src/net/ip.ts';
import { PROTOCOL } from '../../src/net/protocol.ts';
import { buildSkb } from '../../src/skb/build.ts';
import { isPossible } from './route-get/kernel.ts';
import { network } from './support/lab.ts';

const ADDRESSES = ['u1 10.1.0.1/24 fd00:1::1/64', 'u2 10.2.0.1/24 fd00:2::1/64'];
const ROUTES = `default via 10.1.0.254 dev u1
default via 10.2.0.254 dev u2 table 100
default via fd00:1::254 dev u1
default via fd00:2::254 dev u2 table 100`;
const RULES = `0:	from all lookup local
100:	from 10.1.0.1 lookup 100
32766:	from all lookup main`;
const SIX = RULES.replace('10.1.0.1', 'fd00:1::1');

/** What asks, whom, and where that leaves: rules see the source that IPv4's first lookup chose for a connection. */
const CASES = [
  ['tcp', '8.8.8.8', 'u2'],
  ['udp', '8.8.8.8', 'u2'],
  ['icmp', '8.8.8.8', 'u1'],
  ['tcp', '2001:db8::8', 'u1'],
  ['udp', '2001:db8::8', 'u1'],
] as const;

function packet(protocol: 'tcp' | 'udp' | 'icmp', text: string) {
  const destination = parseIp(text);
  if (destination === undefined) throw new Error(text);
  const ends = { source: typeof destination === 'number' ? 0 : 0n, destination, payload: 0, time: 1 };
  const over = protocol === 'icmp' ? { icmpType: 8 } : { sourcePort: 4000, destinationPort: 80 };
  return buildSkb({ ...ends, ...over, protocol: PROTOCOL[protocol] });
}

it.each(CASES)('%s to %s leaves by %s', (protocol, destination, device) => {
  const { world } = network({ host: { links: ADDRESSES, routes: ROUTES, rules: `${RULES}\n${SIX}` } }, []);
  expect(world.sendLocal('host', packet(protocol, destination)).hops.at(-1)?.out).toBe(device);
});

/** Sockets that ask as each case does, and the interface on which the packet was seen. */
const SOCKETS = `
import socket, struct, sys
near = {name: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) for name in ("u1", "u2")}
for name, each in near.items(): each.bind((name, 3)); each.settimeout(0.3)
def heard(number):
    for name, each in near.items():
        while True:
            try: data = each.recv(200)
            except TimeoutError: break
            if (data[9] if data[0] >> 4 == 4 else data[6]) == number: return name
numbers = {"tcp": 6, "udp": 17, "icmp": 1}
for words in sys.argv[1:]:
    protocol, address = words.split(",")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if protocol == "icmp":
        s = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        s.sendto(struct.pack("!BBHHH", 8, 0, 0xf7ff, 0, 0), (address, 0))
    else:
        s = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
        s.setblocking(False)
        s.connect_ex((address, 80))
        if protocol == "udp": s.send(b"x")
    print(heard(numbers[protocol]))
    s.close()
`;

describe.skipIf(!isPossible())('on this kernel (needs root)', () => {
  it('is so', () => {
    const [near, far] = [`cn${process.pid}`, `cf${process.pid}`];
    const inside = (words: string) => `ip netns exec ${near} ${words}`;
    const setUp = [
      `ip netns add ${near}`,
      `ip netns add ${far}`,
      ...[1, 2].flatMap((n) => [
        `ip -n ${near} link add u${n} type veth peer name u${n} netns ${far}`,
        `ip -n ${far} link set u${n} up`,
        `ip -n ${near} addr add 10.${n}.0.1/24 dev u${n}`,
        `ip -n ${near} addr add fd00:${n}::1/64 dev u${n} nodad`,
        `ip -n ${near} link set u${n} up`,
        `ip -n ${near} neigh add 10.${n}.0.254 lladdr 02:00:00:00:00:0${n} dev u${n}`,
        `ip -n ${near} neigh add fd00:${n}::254 lladdr 02:00:00:00:00:0${n} dev u${n}`,
      ]),
      ...ROUTES.split('\n').map(
        (route) => `ip -n ${near} ${route.includes('::') ? '-6 ' : ''}route add ${route}`,
      ),
      `ip -n ${near} rule add from 10.1.0.1 lookup 100 pref 100`,
      `ip -n ${near} -6 rule add from fd00:1::1 lookup 100 pref 100`,
    ].join(' && ');
    try {
      execFileSync('sh', ['-c', setUp]);
      const asked = CASES.map(([protocol, destination]) => `${protocol},${destination}`);
      const said = execFileSync('sh', ['-c', inside(`python3 -c '${SOCKETS}' ${asked.join(' ')}`)], {
        encoding: 'utf8',
      });
      expect(said.trim().split('\n')).toEqual(CASES.map(([, , device]) => device));
    } finally {
      execFileSync('sh', ['-c', `ip netns del ${near}; ip netns del ${far}; true`], { stdio: 'ignore' });
    }
  });
});
