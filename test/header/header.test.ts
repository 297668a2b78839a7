import { describe, expect, it } from 'vitest';
import { viewOf } from '../../src/base/bytes.ts';
import { checksum } from '../../src/base/checksum.ts';
import { crc32c } from '../../src/base/crc32c.ts';
import { Arp } from '../../src/header/arp.ts';
import { Ethernet } from '../../src/header/ethernet.ts';
import type { Fault } from '../../src/header/fault.ts';
import { Geneve } from '../../src/header/geneve.ts';
import { Gre } from '../../src/header/gre.ts';
import { Gtp } from '../../src/header/gtp.ts';
import { Icmp } from '../../src/header/icmp.ts';
import { Icmpv6 } from '../../src/header/icmpv6.ts';
import { Ipv4, ipv4Options } from '../../src/header/ipv4.ts';
import { Ipv6 } from '../../src/header/ipv6.ts';
import { walkIpv6 } from '../../src/header/ipv6-chain.ts';
import { Sctp } from '../../src/header/sctp.ts';
import { Sll, Sll2 } from '../../src/header/sll.ts';
import { Tcp } from '../../src/header/tcp.ts';
import { Udp } from '../../src/header/udp.ts';
import { Vlan } from '../../src/header/vlan.ts';
import { Vxlan } from '../../src/header/vxlan.ts';
import { hex } from '../packet/frames.ts';

interface View {
  check(end: number): Fault | undefined;
}

/** Bytes, then what the accessors say. */
const IPV4 = '46b8 0020 1234 6003 4006 0000 0a000001 0a000002 94040000';
const IPV6 = '6b8fffff 0010 11 ff 20010db8000000000000000000000001 20010db8000000000000000000000002';
const CASES: readonly (readonly [
  name: string,
  bytes: string,
  make: (view: DataView, offset: number) => View,
  fields: object,
])[] = [
  [
    'Ethernet',
    '02000000000b 02000000000a 0800',
    (view, offset) => new Ethernet(view, offset),
    { destination: 0x02000000000b, source: 0x02000000000a, type: 0x0800 },
  ],
  ['VLAN', 'b064 0800', (view, offset) => new Vlan(view, offset), { id: 100, priority: 5, type: 0x0800 }],
  [
    'ARP',
    '0001 0800 06 04 0001 02000000000a 0a000001 000000000000 0a000002',
    (view, offset) => new Arp(view, offset),
    { operation: 1, senderMac: 0x02000000000a, senderIp: 0x0a000001, targetMac: 0, targetIp: 0x0a000002 },
  ],
  [
    'SLL',
    '0004 0001 0006 02000000000a 0000 86dd',
    (view, offset) => new Sll(view, offset),
    { packetType: 4, hardwareType: 1, source: 0x02000000000a, protocol: 0x86dd },
  ],
  [
    'SLL2',
    '0800 0000 00000003 0304 00 00 0000000000000000',
    (view, offset) => new Sll2(view, offset),
    { protocol: 0x0800, interfaceIndex: 3, hardwareType: 772, packetType: 0, source: undefined },
  ],
  [
    'IPv4',
    IPV4,
    (view, offset) => new Ipv4(view, offset),
    {
      headerLength: 24,
      tos: 0xb8,
      totalLength: 32,
      id: 0x1234,
      dontFragment: true,
      moreFragments: true,
      fragmentOffset: 24,
      ttl: 64,
      protocol: 6,
      source: 0x0a000001,
      destination: 0x0a000002,
    },
  ],
  [
    'IPv6',
    IPV6,
    (view, offset) => new Ipv6(view, offset),
    {
      trafficClass: 0xb8,
      flowLabel: 0xfffff,
      payloadLength: 16,
      nextHeader: 17,
      hopLimit: 255,
      source: 0x20010db8000000000000000000000001n,
      destination: 0x20010db8000000000000000000000002n,
    },
  ],
  [
    'TCP',
    '9c40 0050 00000005 ffffffff 6112 0100 abcd 0007 020405b4',
    (view, offset) => new Tcp(view, offset),
    {
      sourcePort: 40000,
      destinationPort: 80,
      sequence: 5,
      acknowledgement: 0xffffffff,
      headerLength: 24,
      flags: 0x112,
      window: 256,
      checksum: 0xabcd,
      urgent: 7,
      mss: 1460,
    },
  ],
  [
    'UDP',
    '9c40 0035 0008 1234',
    (view, offset) => new Udp(view, offset),
    { sourcePort: 40000, destinationPort: 53, length: 8, checksum: 0x1234 },
  ],
  [
    'SCTP',
    '0001 0002 00000009 04030201',
    (view, offset) => new Sctp(view, offset),
    { sourcePort: 1, destinationPort: 2, verificationTag: 9, checksum: 0x01020304 },
  ],
  [
    'ICMP',
    '0304 1234 0000 0578',
    (view, offset) => new Icmp(view, offset),
    { type: 3, code: 4, checksum: 0x1234, mtu: 1400, sequence: 1400, id: 0 },
  ],
  [
    'ICMPv6',
    '0200 1234 00000500',
    (view, offset) => new Icmpv6(view, offset),
    { type: 2, code: 0, checksum: 0x1234, mtu: 1280 },
  ],
  [
    'GRE',
    'b000 0800 abcd0000 00000007 00000001',
    (view, offset) => new Gre(view, offset),
    { version: 0, protocol: 0x0800, length: 16, key: 7, hasSequence: true, hasRouting: false },
  ],
  ['VXLAN', '0800 0000 00002a00', (view, offset) => new Vxlan(view, offset), { vni: 42, nextProtocol: 3 }],
  [
    'Geneve',
    '0100 6558 00002a00 01020304',
    (view, offset) => new Geneve(view, offset),
    { length: 12, protocol: 0x6558, vni: 42 },
  ],
  ['GTP', '30ff 0000 00000009', (view, offset) => new Gtp(view, offset), { isUserData: true, teid: 9 }],
];

describe('views', () => {
  it.each(CASES)('%s', (_, text, make, fields) => {
    // At an odd place, with other bytes around.
    const header = hex(text);
    const bytes = new Uint8Array(header.length + 20).fill(0xee);
    bytes.set(header, 3);
    const end = 3 + header.length;
    const view = make(viewOf(bytes), 3);
    expect(view.check(end)).toBeUndefined();
    expect(view).toMatchObject(fields);
    for (let short = 3; short < end; short++) {
      const fault = make(viewOf(bytes), 3).check(short);
      expect(fault?.needed, `${short - 3} bytes`).toBeGreaterThan(short - 3);
      expect(fault?.text).toContain(`${short - 3} are there`);
    }
  });

  it.each([
    ['IPv4 version', new Ipv4(viewOf(hex(IPV4.replace('46', '66'))), 0), 'version 6'],
    ['IPv4 header length', new Ipv4(viewOf(hex(IPV4.replace('46', '44'))), 0), 'header length 16'],
    ['IPv6 version', new Ipv6(viewOf(hex(IPV6.replace('6b', '4b'))), 0), 'version 4'],
    [
      'TCP header length',
      new Tcp(viewOf(hex(`${'00'.repeat(12)}4000${'00'.repeat(6)}`)), 0),
      'header length 16',
    ],
    ['GRE version', new Gre(viewOf(hex('0003 0800')), 0), 'version 3'],
    ['VXLAN flags', new Vxlan(viewOf(hex('0000 0000 00000100')), 0), 'valid VNI'],
    ['ARP address length', new Arp(viewOf(hex('0001 0800 06 10 0001')), 0), '16 bytes'],
  ])('what is wrong needs no more bytes: %s', (_, view, words) => {
    const fault = view.check(60);
    expect(fault?.needed).toBe(0);
    expect(fault?.text).toContain(words);
  });
});

describe('IPv4 options', () => {
  const options = (bytes: string): unknown => {
    const header = hex(`4${((20 + hex(bytes).length) / 4).toString(16)}${'00'.repeat(19)}${bytes}`);
    return ipv4Options(new Ipv4(viewOf(header), 0));
  };

  it('are walked to the end', () => {
    expect(options('01 940400 00 01 00 ff'.replaceAll(' ', ''))).toEqual([
      { type: 1, offset: 20, length: 1 },
      { type: 148, offset: 21, length: 4 },
      { type: 1, offset: 25, length: 1 },
    ]);
  });

  it.each(['830c0000', '83010000', '83000000', '01010183'])('end at a bad length (%s)', (bytes) => {
    expect(options(bytes)).toContainEqual(expect.objectContaining({ needed: 0 }));
  });
});

describe('TCP options', () => {
  const tcp = (bytes: string): Tcp => {
    const length = 20 + hex(bytes).length;
    return new Tcp(
      viewOf(hex(`${'00'.repeat(12)}${(length / 4).toString(16)}0${'00'.repeat(7)}${bytes}`)),
      0,
    );
  };
  const walk = (bytes: string): number[][] => {
    const found: number[][] = [];
    tcp(bytes).options((kind, offset, length) => found.push([kind, offset, length]));
    return found;
  };

  it.each([
    [
      '020405b4 01 030307 00000000',
      [
        [2, 20, 4],
        [3, 25, 3],
      ],
    ],
    ['020405b4 0400', [[2, 20, 4]]],
    ['0101 0801 020405b4', []],
    ['02ff05b4', []],
  ])('%s', (bytes, found) => {
    const padded = bytes.replaceAll(' ', '');
    expect(walk(padded.padEnd(Math.ceil(padded.length / 8) * 8, '0'))).toEqual(found);
  });

  it('changes the segment size and its checksum at an odd offset too', () => {
    for (const bytes of ['020405b4', '01020405b4000000', '0101020405b40000']) {
      const header = tcp(bytes);
      header.checksum = 0;
      header.checksum = checksum(header.view, 0, header.view.byteLength);
      header.mss = 1234;
      expect(header.mss).toBe(1234);
      expect(checksum(header.view, 0, header.view.byteLength)).toBe(0);
    }
  });
});

describe('walkIpv6', () => {
  const walk = (next: string, rest: string): ReturnType<typeof walkIpv6> => {
    const bytes = hex(`60000000 0000 ${next} 40 ${'00'.repeat(32)} ${rest}`);
    return walkIpv6(new Ipv6(viewOf(bytes), 0), bytes.length);
  };

  it('lists the headers it went by', () => {
    expect(walk('00', '2c00 0104 00000000 1100 0000 0000002a 0001')).toMatchObject({
      protocol: 17,
      transport: 56,
      end: 56,
      fragment: true,
      id: 42,
      headers: [
        { protocol: 0, offset: 40, length: 8 },
        { protocol: 44, offset: 48, length: 8 },
      ],
    });
  });

  it.each([
    ['3b', '', { protocol: 59, transport: -1 }],
    ['2c', '0600 0009 00000001 0000', { protocol: 6, transport: -1, fragmentOffset: 8, moreFragments: true }],
    ['00', '0600 c204 00012345 00', { protocol: 6, jumbo: 0x12345 }],
    ['87', '3b00 0000 00000000', { protocol: 135, transport: 40 }],
    ['33', '0601 0000 00000000 00000000 00', { protocol: 6, transport: 52 }],
  ])('next header %s, %s', (next, rest, expected) => {
    expect(walk(next, rest)).toMatchObject(expected);
  });

  it('says what is short', () => {
    expect(walk('3c', '0601 0000').fault).toMatchObject({ needed: 8 });
    expect(walk('3c', '0603 0000 00000000').fault).toMatchObject({ needed: 32 });
  });
});

describe('checksums', () => {
  // RFC 1071 section 3 works this example: the sum is ddf2.
  it('of the internet', () => {
    const view = viewOf(hex('0001 f203 f4f5 f6f7'));
    expect(checksum(view, 0, 8)).toBe(~0xddf2 & 0xffff);
    expect(checksum(viewOf(hex('0001 f203 f4f5 f6f7 80')), 0, 9)).toBe(~0x5df3 & 0xffff);
  });

  // The check value that the catalogue of CRC algorithms gives for CRC-32/ISCSI.
  it('of SCTP', () => {
    const bytes = new TextEncoder().encode('123456789');
    expect(crc32c(viewOf(bytes), 0, 9)).toBe(0xe3069283);
  });
});
