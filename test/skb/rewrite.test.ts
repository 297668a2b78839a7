import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../src/base/bytes.ts';
import { Ipv4 } from '../../src/header/ipv4.ts';
import { type Ip, parseIp } from '../../src/net/ip.ts';
import { buildSkb, type SkbSpec } from '../../src/skb/build.ts';
import { transportChecksum } from '../../src/skb/checksum.ts';
import { fieldsOf, headerOf } from '../../src/skb/fields.ts';
import { quotedFieldsOf, rewriteQuoted } from '../../src/skb/quoted.ts';
import {
  addTcpMss,
  setDestination,
  setIcmpId,
  setPorts,
  setSource,
  setTcpWord,
  setTos,
  setTtl,
  tcpMss,
} from '../../src/skb/rewrite.ts';
import type { Skb } from '../../src/skb/skb.ts';

function ip(text: string): Ip {
  const value = parseIp(text);
  if (value === undefined) throw new Error(text);
  return value;
}

const PROTOCOLS: readonly (readonly [name: string, protocol: number])[] = [
  ['tcp', 6],
  ['udp', 17],
  ['udplite', 136],
  ['sctp', 132],
];

function headerRight(skb: Skb): boolean {
  return skb.family === 6 || new Ipv4(viewOf(skb.bytes), 0).checksumRight;
}

const v4 = fc.integer({ min: 0, max: 0xffffffff });
const v6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
const port = fc.integer({ min: 0, max: 0xffff });
const payload = fc.uint8Array({ maxLength: 41 });

describe('rewriting keeps checksums right', () => {
  for (const [name, protocol] of PROTOCOLS) {
    for (const family of [4, 6] as const) {
      it(`${name} over IPv${family}`, () => {
        const address: fc.Arbitrary<Ip> = family === 4 ? v4 : v6;
        fc.assert(
          fc.property(
            fc.tuple(address, address, address, address),
            fc.tuple(port, port, port, port),
            payload,
            ([source, destination, newSource, newDestination], [sport, dport, newSport, newDport], bytes) => {
              const spec = { source, destination, protocol, sourcePort: sport, destinationPort: dport };
              const skb = buildSkb({ ...spec, payload: bytes });
              expect(transportChecksum(skb)).toBe('right');
              setSource(skb, newSource);
              setDestination(skb, newDestination);
              setPorts(skb, { source: newSport, destination: newDport });
              setTtl(skb, 3);
              setTos(skb, 0xb8);
              expect(transportChecksum(skb)).toBe('right');
              expect(headerRight(skb)).toBe(true);
              expect(fieldsOf(skb)).toMatchObject({
                source: newSource,
                destination: newDestination,
                sourcePort: newSport,
                destinationPort: newDport,
                ttl: 3,
                tos: 0xb8,
              });
            },
          ),
          { numRuns: 60 },
        );
      });
    }
  }

  it('is undone exactly by writing the old values back, also when the checksum was wrong', () => {
    fc.assert(
      fc.property(v4, v4, v4, port, port, port, (source, destination, other, sport, dport, wrongBy) => {
        const skb = buildSkb({ source, destination, protocol: 6, sourcePort: sport, destinationPort: dport });
        const view = viewOf(skb.bytes);
        view.setUint16(36, (view.getUint16(36) + wrongBy) & 0xffff);
        const before = transportChecksum(skb);
        setSource(skb, other);
        setPorts(skb, { destination: sport });
        expect(transportChecksum(skb)).toBe(before);
      }),
      { numRuns: 200 },
    );
  });

  it('leaves an absent UDP checksum absent', () => {
    const skb = buildSkb({ source: ip('10.0.0.1'), destination: ip('10.0.0.2'), protocol: 17 });
    viewOf(skb.bytes).setUint16(26, 0);
    setSource(skb, ip('192.0.2.1'));
    setPorts(skb, { source: 4000 });
    expect(transportChecksum(skb)).toBe('none');
    expect(viewOf(skb.bytes).getUint16(26)).toBe(0);
  });

  it('keeps a checksum left to the device partial', () => {
    const spec = { destination: ip('10.0.0.2'), protocol: 6, sourcePort: 1, destinationPort: 2, payload: 9 };
    const skb = buildSkb({ source: ip('10.0.0.1'), ...spec });
    // Pseudo-header by hand: 0a00 + 0001 + 0a00 + 0002 + 0006 + 001d.
    viewOf(skb.bytes).setUint16(36, 0x1426);
    expect(transportChecksum(skb)).toBe('partial');
    setSource(skb, ip('172.16.0.9'));
    setPorts(skb, { source: 77 });
    expect(transportChecksum(skb)).toBe('partial');
    expect(viewOf(skb.bytes).getUint16(36)).toBe(0xac10 + 0x0009 + 0x0a00 + 0x0002 + 0x0006 + 0x001d);
  });
});

describe('ICMP', () => {
  const query: SkbSpec = {
    source: ip('10.0.0.1'),
    destination: ip('8.8.8.8'),
    protocol: 1,
    icmpId: 7,
    payload: 5,
  };

  it('changes the id of a query, and its checksum', () => {
    const skb = buildSkb(query);
    setIcmpId(skb, 0x1234);
    expect(fieldsOf(skb)).toMatchObject({ icmpType: 8, icmpCode: 0, icmpId: 0x1234 });
    expect(transportChecksum(skb)).toBe('right');
  });

  it.each([
    ['10.0.0.1', '8.8.8.8', '10.9.9.9', 1, 17, 8],
    ['fd00::1', '2001:db8::8', 'fd00::99', 58, 6, 20],
  ])('translates what an error quotes (%s)', (source, destination, translated, icmp, protocol, keep) => {
    const about = buildSkb({
      source: ip(source),
      destination: ip(destination),
      protocol,
      sourcePort: 1000,
      destinationPort: 53,
    });
    const skb = buildSkb({
      source: ip(destination),
      destination: ip(source),
      protocol: icmp,
      icmpType: icmp === 1 ? 3 : 1,
      icmpCode: icmp === 1 ? 3 : 4,
      payload: about.bytes.subarray(0, about.transport + keep),
    });
    expect(quotedFieldsOf(skb)).toMatchObject({ source: ip(source), sourcePort: 1000, destinationPort: 53 });
    rewriteQuoted(skb, 'source', ip(translated), 2000);
    expect(quotedFieldsOf(skb)).toMatchObject({
      source: ip(translated),
      sourcePort: 2000,
      destinationPort: 53,
    });
    expect(transportChecksum(skb)).toBe('right');
    const quoted = { ...about, bytes: skb.bytes.slice(skb.transport + 8), transport: about.transport };
    expect(headerRight(quoted)).toBe(true);
    expect(transportChecksum(quoted)).toBe('right');
  });

  it('has nothing quoted in an echo request', () => {
    expect(quotedFieldsOf(buildSkb(query))).toBeUndefined();
  });
});

describe('addTcpMss', () => {
  it('puts the option in front of the data', () => {
    for (const source of ['10.0.0.1', 'fd00::1']) {
      const skb = buildSkb({
        source: ip(source),
        destination: ip(source),
        protocol: 6,
        payload: new Uint8Array([1, 2, 3]),
      });
      addTcpMss(skb, 1200);
      expect(tcpMss(skb)).toBe(1200);
      expect(skb.length).toBe(44 + 3 + (source.includes(':') ? 20 : 0));
      expect(skb.bytes.length).toBe(skb.length);
      expect([...skb.bytes.subarray(-3)]).toEqual([1, 2, 3]);
      expect(transportChecksum(skb)).toBe('right');
      expect(headerRight(skb)).toBe(true);
    }
  });

  it('leaves a checksum to the device that is left to it', () => {
    const skb = buildSkb({ source: ip('10.0.0.1'), destination: ip('10.0.0.2'), protocol: 6, tcpMss: 1460 });
    const at = skb.transport + 16;
    const pseudo = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 6 + (skb.length - skb.transport);
    new DataView(skb.bytes.buffer, skb.bytes.byteOffset).setUint16(at, pseudo);
    expect(transportChecksum(skb)).toBe('partial');
    setTcpWord(skb, skb.transport, 22, 1200);
    expect([tcpMss(skb), transportChecksum(skb)]).toEqual([1200, 'partial']);
  });
});

describe('headerOf', () => {
  it('is text at the edge', () => {
    const skb = buildSkb({
      source: ip('fd00::1'),
      destination: ip('fd00::2'),
      protocol: 58,
      icmpId: 9,
      ttl: 5,
      mark: 3,
    });
    expect(headerOf(skb)).toEqual({
      family: 6,
      source: 'fd00::1',
      destination: 'fd00::2',
      protocol: 'icmpv6',
      icmpType: 128,
      icmpCode: 0,
      icmpId: 9,
      ttl: 5,
      tos: 0,
      mark: 3,
    });
  });

  it('has a number for a protocol without a name', () => {
    const skb = buildSkb({ source: 1, destination: 2, protocol: 253 });
    expect(headerOf(skb).protocol).toBe(253);
  });
});
