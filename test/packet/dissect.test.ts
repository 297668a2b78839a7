import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameOf } from '../../src/capture/frame.ts';
import { parseMac } from '../../src/net/mac.ts';
import { dissect } from '../../src/packet/dissect.ts';
import type { Packet } from '../../src/packet/packet.ts';
import { packetLine } from '../../src/packet/packet-line.ts';
import { corpusFiles, corpusPath, hasCorpus, scanFile } from './corpus.ts';
import { CARRIERS, ethernet, hex, ip, join, packet, TCP, TCP6, UDP } from './frames.ts';
import { flatten } from './tshark.ts';

function read(bytes: Uint8Array, linkType = 101, length = bytes.length): Packet {
  return dissect(frameOf(bytes, { linkType, length }));
}

describe('carriers', () => {
  it.each(CARRIERS)('%s', (_, linkType, bytes, kinds) => {
    const whole = read(bytes, linkType);
    const innermost = whole.inner.at(-1) ?? whole;
    expect(whole.error).toBeUndefined();
    expect(innermost.tcp).toMatchObject({ sourcePort: 40000, sequence: 0 });
    expect(innermost.ip?.length).toBe(innermost.ip?.family === 4 ? TCP.length : TCP6.length);
    const path = whole.inner.map(
      ({ tunnel }) => `${tunnel?.kind}${tunnel?.id === undefined ? '' : ` ${tunnel.id}`}`,
    );
    expect(path.join(', ')).toBe(kinds);
    // The offset is that of the frame's bytes, for inner packets too.
    const at = innermost.ip?.offset ?? -1;
    expect([...bytes.subarray(at, at + 4)]).toEqual([
      ...(innermost.ip?.family === 4 ? TCP : TCP6).subarray(0, 4),
    ]);
  });

  it('SLL2 keeps the interface index and the packet type', () => {
    const whole = read(join(hex('0800 0000 00000007 0001 04 06 02000000000a 0000'), TCP), 276);
    expect(whole).toMatchObject({
      interfaceIndex: 7,
      sllType: 4,
      ether: { type: 0x800, source: parseMac('02:00:00:00:00:0a') },
    });
  });

  it('VLAN ids, outermost first; the EtherType is the frame’s own', () => {
    const whole = read(ethernet('88a8', join(hex('0064 8100 e00a 0800'), TCP)), 1);
    expect(whole.vlans).toEqual([100, 10]);
    expect(whole.ether?.type).toBe(0x88a8);
  });

  it('leaves link types and EtherTypes it does not know alone', () => {
    expect(read(TCP, 195)).toMatchObject({ error: undefined, ip: undefined, ether: undefined });
    expect(read(ethernet('88cc', hex('0207')), 1)).toMatchObject({
      error: undefined,
      ip: undefined,
      ether: { type: 0x88cc },
    });
  });
});

describe('ARP', () => {
  it('addresses and operation', () => {
    const bytes = hex('0001 0800 06 04 0002 02000000000a 0a000001 02000000000b 0a000002');
    expect(read(ethernet('0806', bytes), 1).arp).toEqual({
      operation: 2,
      senderMac: parseMac('02:00:00:00:00:0a'),
      senderIp: ip('10.0.0.1'),
      targetMac: parseMac('02:00:00:00:00:0b'),
      targetIp: ip('10.0.0.2'),
    });
  });

  it('of other protocols than IPv4 is an error', () => {
    const bytes = hex('0001 0800 06 06 0002 02000000000a 0a0000010000 02000000000b 0a0000020000');
    expect(read(ethernet('0806', bytes), 1).error).toMatchObject({ layer: 'arp' });
  });
});

describe('IPv4', () => {
  it('fields, and padding left out', () => {
    const whole = read(
      ethernet('0800', join(packet({ protocol: 17, tos: 0xb8, ttl: 3, id: 77, payload: 2 }), hex('000000'))),
      1,
    );
    expect(whole.ip).toMatchObject({
      tos: 0xb8,
      ttl: 3,
      id: 77,
      dontFragment: true,
      moreFragments: false,
      length: 30,
      offset: 14,
      transport: 34,
      payload: 2,
    });
    expect(whole.error).toBeUndefined();
  });

  const fragment = (word: string): Uint8Array => {
    const bytes = UDP.slice();
    bytes.set(hex(word), 6);
    return bytes;
  };

  it('the first fragment has ports, the others have none', () => {
    expect(read(fragment('2000'))).toMatchObject({
      udp: { sourcePort: 5000 },
      ip: { moreFragments: true, fragmentOffset: 0 },
    });
    const later = read(fragment('0003'));
    expect(later).toMatchObject({
      udp: undefined,
      ip: { fragmentOffset: 24, transport: -1, payload: 11 },
      error: undefined,
    });
  });

  it('a first fragment that ends in its transport header is no error', () => {
    const bytes = TCP.slice(0, 28);
    bytes.set(hex('001c'), 2);
    bytes.set(hex('2000'), 6);
    expect(read(bytes)).toMatchObject({
      ports: { source: 40000, destination: 80 },
      tcp: undefined,
      error: undefined,
    });
  });

  it('total length 0 is what a sending host shows of an oversized packet', () => {
    const bytes = TCP.slice();
    bytes.set([0, 0], 2);
    expect(read(bytes)).toMatchObject({
      ip: { length: TCP.length },
      error: undefined,
      tcp: { sourcePort: 40000 },
    });
  });

  it.each([
    ['a length below its header', 2, '0008', 'ipv4', 'IPv4 total length 8 is below its header length 20'],
    [
      'more than the frame has',
      2,
      '05dc',
      'ipv4',
      'IPv4 total length 1500 exceeds the 44 bytes the frame has for it',
    ],
    ['a header length below 20', 0, '44', 'ipv4', 'IPv4 header length 16 is below 20'],
    ['another version', 0, '55', 'ipv4', 'IPv4 header has version 5'],
    ['a TCP header length below 20', 32, '10', 'tcp', 'TCP header length 4 is below 20'],
    [
      'a TCP header longer than the packet',
      32,
      'f0',
      'tcp',
      'TCP header with options needs 60 bytes, 24 are there',
    ],
  ])('malformed: %s', (_, at, bytes, layer, text) => {
    const changed = TCP.slice();
    changed.set(hex(bytes), at);
    expect(read(changed, 228).error).toEqual({ layer, text });
  });

  it('a UDP length that the IP packet has no room for', () => {
    const changed = UDP.slice();
    changed.set(hex('0064'), 24);
    expect(read(changed)).toMatchObject({
      udp: { length: 100 },
      error: { layer: 'udp', text: 'UDP length 100 exceeds the 11 bytes the IP packet has for it' },
    });
  });
});

describe('IPv6', () => {
  const inner = TCP6.subarray(40);
  function withHeaders(first: number, headers: string): Uint8Array {
    const extension = hex(headers);
    const bytes = join(TCP6.subarray(0, 40), extension, inner);
    bytes[6] = first;
    new DataView(bytes.buffer).setUint16(4, extension.length + inner.length);
    return bytes;
  }

  it('walks hop-by-hop, routing, destination options, fragment and AH to the upper layer', () => {
    const bytes = withHeaders(
      0,
      `2b00 0104 00000000  3c00 0000 00000000  2c00 0104 00000000  3300 0001 000000ff  0604 0000 00000001 00000001 ${'00'.repeat(12)}`,
    );
    const whole = read(bytes);
    expect(whole).toMatchObject({
      ip: { protocol: 6, id: 255, fragmentOffset: 0, moreFragments: true, payload: 5 },
      tcp: { destinationPort: 443, payload: 5, flags: 0x18 },
      error: undefined,
    });
  });

  it('stops at a later fragment and at “no next header”', () => {
    expect(read(withHeaders(44, '0600 0010 00000001'))).toMatchObject({
      ip: { protocol: 6, fragmentOffset: 16, transport: -1, id: 1 },
      tcp: undefined,
    });
    expect(read(withHeaders(60, '3b00 0104 00000000'))).toMatchObject({
      ip: { protocol: 59, transport: -1 },
      tcp: undefined,
    });
  });

  it('an extension header beyond the packet is an error', () => {
    expect(read(withHeaders(60, '06ff 0104 00000000')).error).toMatchObject({ layer: 'ipv6' });
  });

  it('takes the length from the jumbo option', () => {
    const bytes = withHeaders(0, '0600 c204 00000021');
    bytes.set([0, 0], 4);
    expect(read(bytes)).toMatchObject({ ip: { length: 40 + 0x21 }, tcp: { payload: 5 } });
  });
});

describe('ICMP', () => {
  it('queries have id and sequence', () => {
    expect(read(packet({ protocol: 1, icmpId: 9, icmpSequence: 2 })).icmp).toMatchObject({
      type: 8,
      id: 9,
      sequence: 2,
    });
    const six = packet({ source: '::1', destination: '::1', protocol: 58, icmpId: 9, icmpSequence: 2 });
    expect(read(six).icmp).toMatchObject({ type: 128, id: 9, sequence: 2 });
  });

  it('errors quote as much as there is, and a quoted length is no error', () => {
    for (const keep of [20, 24, 28, TCP.length]) {
      const whole = read(
        packet({ protocol: 1, icmpType: 3, icmpCode: 4, icmpRest: 1400, payload: TCP.subarray(0, keep) }),
      );
      expect(whole.error).toBeUndefined();
      expect(whole.icmp).toMatchObject({
        mtu: 1400,
        quoted: { ip: { source: ip('10.0.0.1') }, error: undefined },
      });
      const quoted = whole.icmp?.quoted;
      expect(quoted?.tcp?.destinationPort ?? quoted?.ports?.destination).toBe(keep < 24 ? undefined : 80);
    }
  });

  it('redirect, packet too big, neighbour discovery', () => {
    expect(read(packet({ protocol: 1, icmpType: 5, icmpRest: 0x0a0000fe, payload: UDP })).icmp).toMatchObject(
      {
        gateway: ip('10.0.0.254'),
        quoted: { udp: { sourcePort: 5000 } },
      },
    );
    const six = { source: 'fd00::1', destination: 'fd00::2', protocol: 58 };
    expect(read(packet({ ...six, icmpType: 2, icmpRest: 1280, payload: TCP6 })).icmp).toMatchObject({
      mtu: 1280,
      quoted: { tcp: { destinationPort: 443 } },
    });
    const target = hex('fd000000000000000000000000000009');
    expect(read(packet({ ...six, icmpType: 135, payload: target })).icmp?.target).toBe(ip('fd00::9'));
  });
});

describe('other transports', () => {
  it('SCTP, DCCP and UDP-Lite have ports', () => {
    for (const protocol of [132, 33, 136]) {
      const bytes = packet({ protocol, sourcePort: 7, destinationPort: 9, payload: hex('01000000') });
      expect(read(bytes).ports).toMatchObject({ source: 7, destination: 9 });
    }
    const init = packet({ protocol: 132, sourcePort: 7, destinationPort: 9, payload: hex('01000004') });
    expect(read(init).ports?.chunk).toBe(1);
  });

  it('AH in IPv4 is stepped over, the protocol stays 51', () => {
    const ah = join(hex('06040000 00000001 00000001'), new Uint8Array(12), TCP.subarray(20));
    expect(read(packet({ protocol: 51, payload: ah }))).toMatchObject({
      ip: { protocol: 51 },
      tcp: { sourcePort: 40000 },
    });
  });
});

describe('frames made to do harm', () => {
  it('tunnels in tunnels come to an end', () => {
    let bytes = TCP;
    for (let i = 0; i < 200; i++) bytes = packet({ protocol: 4, payload: bytes });
    const whole = read(bytes);
    expect(whole.inner.length).toBeLessThan(20);
    expect(flatten(whole).some((one) => one.error?.layer === 'tunnel' || one.error?.layer === 'frame')).toBe(
      true,
    );
  });

  it('so do VLAN tags', () => {
    const tags = new Uint8Array(4000).map((_, i) => (i % 4 === 2 ? 0x81 : 0));
    expect(read(ethernet('8100', tags), 1).vlans.length).toBeLessThan(100);
  });

  const linkTypes = [
    0, 1, 9, 12, 50, 101, 104, 105, 107, 108, 113, 127, 228, 229, 239, 242, 258, 276, 5000, -1,
  ];

  it('any bytes on any link type are read without a throw, and shown without control characters', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...linkTypes),
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(300),
        (linkType, bytes, more) => {
          const line = packetLine(read(bytes, linkType, bytes.length + more), 'x');
          expect(line.summary).toMatch(/^\P{Cc}+$/u);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('every carrier, with any bits turned', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CARRIERS),
        fc.array(fc.tuple(fc.nat(160), fc.nat(255)), { maxLength: 6 }),
        ([, linkType, original], changes) => {
          const bytes = original.slice();
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          expect(packetLine(read(bytes, linkType), 'x').summary).toMatch(/^\P{Cc}+$/u);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

/** What a frame says when the capture has only its first bytes: never an error, never more than the whole says. */
function checkCuts(bytes: Uint8Array, linkType: number, length: number): void {
  const whole = read(bytes, linkType, length);
  const fine = flatten(whole).every((one) => one.error === undefined);
  for (let cut = 0; cut < bytes.length && cut < 160; cut++) {
    const part = bytes.subarray(0, cut);
    const seen = read(part, linkType, length);
    if (fine) {
      const errors = flatten(seen).flatMap((one) => (one.error ? [one.error] : []));
      if (errors.length > 0) throw new Error(`cut at ${cut}: ${JSON.stringify(errors)}`);
    }
    if (seen.ip && whole.ip && seen.ip.source !== whole.ip.source)
      throw new Error(`cut at ${cut}: another source`);
    if (seen.tcp && whole.tcp && seen.tcp.payload !== whole.tcp.payload)
      throw new Error(`cut at ${cut}: payload`);
    // As if the wire had had no more: anything may be wrong then, but nothing may be thrown.
    packetLine(read(part, linkType), 'x');
  }
}

describe('being cut short by the snaplen is no malformation', () => {
  it.each(CARRIERS)('%s', (_, linkType, bytes) => {
    checkCuts(bytes, linkType, bytes.length);
  });

  it.runIf(hasCorpus)(
    'the first frames of every capture of the corpus',
    async () => {
      let frames = 0;
      for (const file of corpusFiles()) {
        await scanFile(corpusPath(file.file ?? ''), (frame) => {
          // A record that claims more captured than there was tells nothing of the wire.
          if (frame.number > 2 || frame.length < frame.captured) return;
          frames++;
          try {
            checkCuts(frame.bytes, frame.linkType, frame.length);
          } catch (error) {
            throw new Error(`${file.file} #${frame.number}`, { cause: error });
          }
        });
      }
      expect(frames).toBeGreaterThan(2000);
    },
    60_000,
  );
});
