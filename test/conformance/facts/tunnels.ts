/** VXLAN devices: what they wrap, how the outer packet goes, and what is done with what comes wrapped. */
import { setUint48, viewOf } from '../../../src/base/bytes.ts';
import { formatMac, parseMac } from '../../../src/net/mac.ts';
import { buildSkb, type SkbSpec } from '../../../src/skb/build.ts';
import type { Skb } from '../../../src/skb/skb.ts';
import type { TableName } from '../../../src/xtables/rule.ts';
import type { Stimulus } from '../case.ts';
import type { Fact } from '../facts.ts';
import { address } from '../generate/packets.ts';
import { OVERLAY, type OverlayEnd, overlayMac, TUNNEL_MACS } from '../networks/overlay.ts';
import { tableText } from '../profiles/matches.ts';

type Tables = Partial<Readonly<Record<TableName, readonly string[]>>>;
type Host = 'left' | 'right';

const textOf = (tables: Tables): string =>
  Object.entries(tables)
    .map(([table, rules]) => tableText(table as TableName, rules))
    .join('');

interface Around {
  readonly rules?: Partial<Readonly<Record<Host, Tables>>>;
  readonly settings?: Partial<Readonly<Record<Host, readonly string[]>>>;
}

function fact(name: string, { rules = {}, settings = {} }: Around, stimuli: readonly Stimulus[]): Fact {
  return {
    name,
    network: OVERLAY,
    rules: Object.fromEntries(
      (['left', 'right'] as const).map((host) => [host, { ip4: textOf(rules[host] ?? SEEN) }]),
    ),
    settings: { left: settings.left ?? [], right: settings.right ?? [] },
    stimuli,
  };
}

const SEEN: Tables = { mangle: ['-A PREROUTING', '-A INPUT', '-A FORWARD', '-A OUTPUT', '-A POSTROUTING'] };

function udp(
  on: OverlayEnd | `local:${Host}`,
  source: string,
  destination: string,
  more: Partial<SkbSpec> = {},
): Stimulus {
  const skb = buildSkb({
    source: address(source),
    destination: address(destination),
    protocol: 17,
    sourcePort: 1000,
    destinationPort: 2000,
    payload: 24,
    id: 7,
    ...more,
  });
  return { on, skb };
}

const [A, B, BEHIND] = ['10.95.1.2', '10.95.2.2', '10.95.3.2'];

interface Wrapping {
  readonly vni?: number;
  readonly port?: number;
  readonly flags?: number;
  readonly from?: string;
  readonly to?: string;
  readonly outer?: Partial<SkbSpec>;
}

/** What another node would send: the inner packet in a frame for the device of `left`. */
function wrapped(
  inner: Skb,
  { vni = 95, port = 4789, flags = 8, from, to, outer = {} }: Wrapping = {},
): Stimulus {
  const payload = new Uint8Array(22 + inner.bytes.length);
  const view = viewOf(payload);
  payload[0] = flags;
  view.setUint32(4, vni * 256);
  setUint48(view, 8, parseMac(to ?? TUNNEL_MACS.left) ?? 0);
  setUint48(view, 14, parseMac(from ?? TUNNEL_MACS.wan) ?? 0);
  view.setUint16(20, 0x0800);
  payload.set(inner.bytes, 22);
  return udp('wan', '10.95.4.2', '10.95.4.1', {
    sourcePort: 40000,
    destinationPort: port,
    payload,
    ...outer,
  });
}

const there = (more: Partial<SkbSpec> = {}): Skb => udp('a', BEHIND, A, more).skb;
/** The same device with other words. */
const again = (words: string): string[] => [
  'ip link del vx',
  `ip link add vx type vxlan id 95 dstport 4789 srcport 5000 5001 local 10.95.0.1 ${words}`,
  `ip link set vx address ${TUNNEL_MACS.left}`,
  'ip addr add 10.95.9.1/24 dev vx',
  'ip link set vx up',
  `ip neigh add 10.95.9.2 lladdr ${TUNNEL_MACS.right} dev vx nud permanent`,
  `ip neigh add 10.95.9.3 lladdr ${TUNNEL_MACS.wan} dev vx nud permanent`,
  `bridge fdb append ${TUNNEL_MACS.right} dev vx dst 10.95.0.2`,
  `bridge fdb append ${TUNNEL_MACS.wan} dev vx dst 10.95.4.2`,
  'ip route add 10.95.2.0/24 via 10.95.9.2',
  'ip route add 10.95.3.0/24 via 10.95.9.3',
];

export const tunnelFacts: readonly Fact[] = [
  fact('what is forwarded into a VXLAN is sent by the host itself, and comes out at the other node', {}, [
    udp('a', A, B),
    udp('b', B, A, { sourcePort: 2000, destinationPort: 1000 }),
    udp('a', A, B, { payload: 900 }),
  ]),
  fact('the outer packet, byte for byte', {}, [
    udp('a', A, BEHIND),
    udp('a', A, BEHIND, { ttl: 9, tos: 0x10 }),
    udp('a', A, BEHIND, { tos: 0x2 }),
    udp('a', A, BEHIND, { tos: 0x3 }),
  ]),
  fact(
    'TTL and TOS of the packet inside are taken over where the device is told so',
    { settings: { left: again('nolearning ttl inherit tos inherit') } },
    [udp('a', A, BEHIND, { ttl: 9, tos: 0x10 }), udp('a', A, BEHIND, { ttl: 33, tos: 0x2 })],
  ),
  fact(
    'a TTL of its own, DF always, and no checksum',
    { settings: { left: again('nolearning ttl 5 df set noudpcsum') } },
    [udp('a', A, BEHIND), udp('a', A, BEHIND, { dontFragment: false })],
  ),
  fact('DF as of the packet inside', { settings: { left: again('nolearning df inherit') } }, [
    udp('a', A, BEHIND),
    udp('a', A, BEHIND, { dontFragment: false }),
  ]),
  fact(
    'marks go along into the outer packet and out of it, connections do not',
    {
      rules: {
        left: {
          mangle: [
            '-A PREROUTING -i lan -j MARK --set-mark 0x11',
            '-A OUTPUT -m mark --mark 0x11',
            '-A OUTPUT -p udp --dport 4789 -m mark --mark 0x11 -j ACCEPT',
            '-A OUTPUT',
            '-A POSTROUTING -m conntrack --ctstate NEW',
          ],
        },
        right: {
          mangle: [
            '-A PREROUTING -i core -p udp --dport 4789 -j MARK --set-mark 0x22',
            '-A PREROUTING -i vx -m mark --mark 0x22 -j ACCEPT',
            '-A PREROUTING',
            '-A FORWARD -m mark --mark 0x22',
            '-A FORWARD -m conntrack --ctstate NEW',
          ],
        },
      },
    },
    [udp('a', A, B), udp('b', B, A, { sourcePort: 2000, destinationPort: 1000 })],
  ),
  fact(
    'of what is forwarded the outer packet has no sender',
    {
      rules: {
        left: {
          mangle: [
            '-A OUTPUT -p udp --dport 4789 -m owner --socket-exists',
            '-A OUTPUT -p udp --dport 4789 -m owner ! --socket-exists',
            '-A POSTROUTING -m owner --uid-owner 0',
          ],
        },
      },
    },
    [udp('a', A, B), udp('a', A, BEHIND)],
  ),
  fact(
    'OUTPUT and POSTROUTING of the sender and INPUT of the receiver can stop it',
    {
      rules: {
        left: { filter: ['-A OUTPUT -d 10.95.4.2/32 -p udp --dport 4789 -j DROP'] },
        right: { filter: ['-A INPUT -i core -p udp --dport 4789 -j DROP'] },
      },
    },
    [udp('a', A, BEHIND), udp('a', A, B)],
  ),
  fact(
    'INPUT that refuses it tells the sending host, not who sent what is inside',
    { rules: { right: { filter: ['-A INPUT -i core -p udp --dport 4789 -j REJECT'] } } },
    [udp('a', A, B)],
  ),
  fact(
    'without an entry for the MAC, and without one for all, nothing is sent',
    { settings: { left: [`bridge fdb del ${TUNNEL_MACS.right} dev vx dst 10.95.0.2`] } },
    [udp('a', A, B), udp('a', A, BEHIND)],
  ),
  fact(
    'an entry of all zeroes is for whatever has none of its own',
    {
      settings: {
        left: [
          `bridge fdb del ${TUNNEL_MACS.right} dev vx dst 10.95.0.2`,
          'bridge fdb append 00:00:00:00:00:00 dev vx dst 10.95.0.2',
          'bridge fdb append 00:00:00:00:00:00 dev vx dst 10.95.4.2',
        ],
      },
    },
    [udp('a', A, B), udp('a', A, BEHIND)],
  ),
  fact(
    'the other node has another VNI',
    {
      settings: {
        right: [
          'ip link del vx',
          'ip link add vx type vxlan id 96 dstport 4789 local 10.95.0.2 nolearning',
          'ip link set vx up',
        ],
      },
    },
    [udp('a', A, B)],
  ),
  fact(
    'the other node listens on another port',
    {
      settings: {
        right: [
          'ip link del vx',
          'ip link add vx type vxlan id 95 dstport 8472 local 10.95.0.2 nolearning',
          'ip link set vx up',
        ],
      },
    },
    [udp('a', A, B)],
  ),
  fact("the other node's device is down", { settings: { right: ['ip link set vx down'] } }, [udp('a', A, B)]),
  fact('what comes wrapped is received on the device', {}, [
    wrapped(there()),
    wrapped(there({ ttl: 2 })),
    wrapped(there(), { vni: 94 }),
    wrapped(there(), { port: 4790 }),
    wrapped(there(), { to: '02:99:00:00:00:77' }),
    wrapped(there(), { from: TUNNEL_MACS.left }),
    wrapped(there(), { flags: 0 }),
    wrapped(there(), { to: 'ff:ff:ff:ff:ff:ff' }),
  ]),
  fact(
    'a device learns from which node a station speaks',
    {
      settings: {
        left: [
          ...again('learning'),
          `bridge fdb del ${TUNNEL_MACS.wan} dev vx dst 10.95.4.2`,
          'bridge fdb append 00:00:00:00:00:00 dev vx dst 10.95.0.2',
        ],
      },
    },
    [udp('a', A, BEHIND), wrapped(there()), udp('a', A, BEHIND)],
  ),
  fact('what is too long for the way to the other node is cut, outside', {}, [
    udp('a', A, BEHIND, { payload: 1400 }),
    udp('a', A, BEHIND, { payload: 1440 }),
    udp('a', A, B, { payload: 1440 }),
  ]),
  fact(
    'what is too long and may not be cut dies without a word where it is routed',
    { settings: { left: again('nolearning df set') } },
    [
      udp('a', A, BEHIND, { payload: 1422 }),
      udp('a', A, BEHIND, { payload: 1423 }),
      udp('a', A, BEHIND, { payload: 1423, dontFragment: false }),
    ],
  ),
  fact(
    'a VXLAN that is a port of a bridge tells the sender',
    {
      settings: {
        left: [
          `bridge fdb append ${formatMac(overlayMac('b'))} dev vx dst 10.95.0.2`,
          'ip link add name bridge0 type bridge mcast_snooping 0',
          'ip link set bridge0 address 02:97:00:00:00:01',
          'ip addr flush dev lan',
          'ip addr flush dev vx',
          'ip link set lan master bridge0',
          'ip link set vx master bridge0',
          'ip link set bridge0 up',
          'ip addr add 10.95.1.1/24 dev bridge0',
        ],
        right: [
          'ip link add name bridge0 type bridge mcast_snooping 0',
          'ip addr flush dev lan',
          'ip addr flush dev vx',
          'ip link set lan master bridge0',
          'ip link set vx master bridge0',
          'ip link set bridge0 up',
        ],
      },
    },
    [
      {
        ...udp('a', A, '10.95.1.9', { payload: 1400 }),
        skb: {
          ...udp('a', A, '10.95.1.9', { payload: 1400 }).skb,
          etherDestination: overlayMac('b'),
        },
      },
      {
        ...udp('a', A, '10.95.1.9', { payload: 1440 }),
        skb: {
          ...udp('a', A, '10.95.1.9', { payload: 1440 }).skb,
          etherDestination: overlayMac('b'),
        },
      },
    ],
  ),
];
