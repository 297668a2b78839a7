/** Frames made by hand, a layer around the other. */
import { type Ip, parseIp } from '../../src/net/ip.ts';
import { buildSkb, type SkbSpec } from '../../src/skb/build.ts';

export function ip(text: string): Ip {
  const value = parseIp(text);
  if (value === undefined) throw new Error(`no address: ${text}`);
  return value;
}

export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/\s+/g, ''), 'hex'));
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const MACS = '02000000000b 02000000000a';

export function ethernet(type: string, payload: Uint8Array): Uint8Array {
  return join(hex(`${MACS} ${type}`), payload);
}

type Spec = Omit<SkbSpec, 'source' | 'destination'> & { source?: string; destination?: string };

/** An IP packet from 10.0.0.1 to 10.0.0.2, unless said otherwise. */
export function packet(spec: Spec): Uint8Array {
  const { source = '10.0.0.1', destination = '10.0.0.2', ...rest } = spec;
  return buildSkb({ ...rest, source: ip(source), destination: ip(destination) }).bytes;
}

export const TCP = packet({ protocol: 6, sourcePort: 40000, destinationPort: 80, tcpMss: 1460 });
export const TCP6 = packet({
  source: 'fd00::1',
  destination: 'fd00::2',
  protocol: 6,
  sourcePort: 40000,
  destinationPort: 443,
  tcpFlags: 0x18,
  payload: 5,
});
export const UDP = packet({ protocol: 17, sourcePort: 5000, destinationPort: 6000, payload: 3 });

function udpTo(destinationPort: number, payload: Uint8Array): Uint8Array {
  return packet({ protocol: 17, sourcePort: 4000, destinationPort, payload });
}

/** Every encapsulation around a TCP packet, with the link type and the path of tunnel kinds that dissection shows. */
export const CARRIERS: readonly (readonly [
  name: string,
  linkType: number,
  bytes: Uint8Array,
  kinds: string,
])[] = [
  ['Ethernet', 1, ethernet('0800', TCP), ''],
  ['Ethernet, IPv6', 1, ethernet('86dd', TCP6), ''],
  ['raw', 101, TCP, ''],
  ['raw 12', 12, TCP6, ''],
  ['raw IPv4', 228, TCP, ''],
  ['raw IPv6', 229, TCP6, ''],
  ['BSD loopback, little endian', 0, join(hex('02000000'), TCP), ''],
  ['BSD loopback, big endian', 0, join(hex('0000001e'), TCP6), ''],
  ['OpenBSD loopback', 108, join(hex('00000002'), TCP), ''],
  ['SLL', 113, join(hex('0004 0001 0006 02000000000a 0000 0800'), TCP), ''],
  ['SLL2', 276, join(hex('0800 0000 00000007 0001 00 06 02000000000a 0000'), TCP), ''],
  ['PPP', 9, join(hex('ff03 0021'), TCP), ''],
  ['PPP, compressed', 9, join(hex('57'), TCP6), ''],
  ['Cisco HDLC', 104, join(hex('0f00 0800'), TCP), ''],
  ['frame relay', 107, join(hex('1841 03 cc'), TCP), ''],
  ['802.11', 105, join(hex(`0801 0000 ${MACS} 02000000000c 0000 aaaa03 000000 0800`), TCP), ''],
  ['LLC and SNAP', 1, ethernet('0034', join(hex('aaaa03 000000 0800'), TCP)), ''],
  ['VLAN', 1, ethernet('8100', join(hex('000a 0800'), TCP)), ''],
  ['QinQ', 1, ethernet('88a8', join(hex('0064 8100 000a 0800'), TCP)), ''],
  ['PPPoE', 1, ethernet('8864', join(hex('11 00 0001 002e 0021'), TCP)), ''],
  ['MPLS', 1, ethernet('8847', join(hex('00010040 00011140'), TCP)), ''],
  ['NFLOG', 239, join(hex('02 00 0000 0800 0100 00000000 3000 0900'), TCP), ''],
  ['IPv4 in IPv4', 101, packet({ protocol: 4, payload: TCP }), 'ipip'],
  ['IPv6 in IPv4', 101, packet({ protocol: 41, payload: TCP6 }), 'ipip'],
  [
    'IPv4 in IPv6',
    101,
    packet({ source: 'fd00::a', destination: 'fd00::b', protocol: 4, payload: TCP }),
    'ipip',
  ],
  ['GRE', 101, packet({ protocol: 47, payload: join(hex('0000 0800'), TCP) }), 'gre'],
  [
    'GRE with checksum, key and sequence',
    101,
    packet({ protocol: 47, payload: join(hex('b000 0800 00000000 00000007 00000001'), TCP) }),
    'gre 7',
  ],
  [
    'GRE bridging',
    101,
    packet({ protocol: 47, payload: join(hex('0000 6558'), ethernet('0800', TCP)) }),
    'gre',
  ],
  [
    'ERSPAN II',
    101,
    packet({
      protocol: 47,
      payload: join(hex('1000 88be 00000001 1000 0064 00000000'), ethernet('0800', TCP)),
    }),
    'erspan 100',
  ],
  ['VXLAN', 101, udpTo(4789, join(hex('0800 0000 00002a00'), ethernet('0800', TCP))), 'vxlan 42'],
  ['flannel', 101, udpTo(8472, join(hex('0800 0000 00000100'), ethernet('0800', TCP))), 'vxlan 1'],
  [
    'Geneve',
    101,
    udpTo(6081, join(hex('01 00 6558 00002a00 0000 0000'), ethernet('0800', TCP))),
    'geneve 42',
  ],
  ['GTP', 101, udpTo(2152, join(hex('30 ff 002c 00000009'), TCP)), 'gtp 9'],
  ['Teredo', 101, udpTo(3544, join(hex('0000 0001 0203 0405'), TCP6)), 'teredo'],
  ['EtherIP', 101, packet({ protocol: 97, payload: join(hex('3000'), ethernet('0800', TCP)) }), 'etherip'],
  [
    'VXLAN in GRE in IPv6',
    1,
    ethernet(
      '86dd',
      packet({
        source: 'fd00::a',
        destination: 'fd00::b',
        protocol: 47,
        payload: join(hex('0000 0800'), udpTo(4789, join(hex('0800 0000 00002a00'), ethernet('0800', TCP)))),
      }),
    ),
    'gre, vxlan 42',
  ],
];
