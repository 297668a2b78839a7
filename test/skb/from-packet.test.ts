import { describe, expect, it } from 'vitest';
import { frameOf } from '../../src/capture/frame.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { fieldsOf } from '../../src/skb/fields.ts';
import { cloneSkb, skbFromFrame } from '../../src/skb/from-packet.ts';
import { setTtl } from '../../src/skb/rewrite.ts';
import type { Skb } from '../../src/skb/skb.ts';
import { CARRIERS, ethernet, hex, join, packet, TCP, TCP6, UDP } from '../packet/frames.ts';

const ORIGIN = { file: 'a.pcap', number: 3 };

function skbOf(bytes: Uint8Array, linkType = 1, length = bytes.length): Skb | undefined {
  return skbFromFrame(
    bytes,
    dissect(frameOf(bytes, { linkType, length, seconds: 7, nanoseconds: 500_000_000 })),
    ORIGIN,
  );
}

describe('skbFromFrame', () => {
  it('takes the packet without its link layer and padding, as bytes of its own', () => {
    const frame = ethernet('8100', join(hex('000a 0800'), UDP, hex('00000000')));
    const skb = skbOf(frame);
    expect(skb).toMatchObject({
      family: 4,
      length: UDP.length,
      protocol: 17,
      transport: 20,
      fragmentOffset: 0,
      packetType: 'host',
      etherSource: 0x02000000000a,
      etherDestination: 0x02000000000b,
      vlans: [10],
      time: 7.5,
      local: false,
      origin: ORIGIN,
    });
    expect([...(skb?.bytes ?? [])]).toEqual([...UDP]);
    frame.fill(0);
    expect(skb && fieldsOf(skb)).toMatchObject({ sourcePort: 5000, destinationPort: 6000 });
  });

  it.each(CARRIERS)('the innermost packet of %s', (_, linkType, bytes) => {
    const whole = dissect(frameOf(bytes, { linkType }));
    const skb = skbFromFrame(bytes, whole.inner.at(-1) ?? whole, undefined);
    expect([...(skb?.bytes ?? [])]).toEqual([...(skb?.family === 4 ? TCP : TCP6)]);
  });

  it.each([
    ['ffffffffffff', 'broadcast'],
    ['01005e000001', 'multicast'],
    ['02000000000b', 'host'],
  ])('a frame to %s is %s', (destination, packetType) => {
    expect(skbOf(join(hex(`${destination} 02000000000a 0800`), UDP))?.packetType).toBe(packetType);
  });

  it('SLL says who it was for', () => {
    const types = [0, 1, 2, 3, 4].map((type) => {
      return skbOf(join(hex(`000${type} 0001 0006 02000000000a 0000 0800`), UDP), 113)?.packetType;
    });
    expect(types).toEqual(['host', 'broadcast', 'multicast', 'otherhost', 'outgoing']);
  });

  it('what the snaplen cut is gone from the bytes, not from the length', () => {
    const bytes = packet({ protocol: 17, sourcePort: 1, destinationPort: 2, payload: 1000 });
    const skb = skbOf(bytes.subarray(0, 96), 101, bytes.length);
    expect(skb).toMatchObject({ length: 1028, transport: 20 });
    expect(skb?.bytes.length).toBe(96);
  });

  it('a transport header that is cut behind its ports or flags is filled up', () => {
    const tcp = skbOf(TCP6.subarray(0, 40 + 14), 101, TCP6.length);
    expect(tcp && fieldsOf(tcp)).toMatchObject({ sourcePort: 40000, destinationPort: 443, tcpFlags: 0x18 });
    expect(tcp?.bytes.length).toBe(60);
    const udp = skbOf(UDP.subarray(0, 24), 101, UDP.length);
    expect(udp && fieldsOf(udp)).toMatchObject({ sourcePort: 5000, destinationPort: 6000 });
    for (const cut of [40, 41, 53]) {
      expect(skbOf(TCP6.subarray(0, cut), 101, TCP6.length)?.transport).toBe(-1);
    }
  });

  it('a transport header that the sender left short stays short', () => {
    const bytes = TCP.slice(0, 34);
    bytes.set(hex('0022'), 2);
    expect(skbOf(bytes, 101)).toMatchObject({ transport: -1, length: 34 });
  });

  it('an oversized packet of the sending host has the length of its frame', () => {
    const bytes = TCP.slice();
    bytes.set([0, 0], 2);
    expect(skbOf(bytes, 101)).toMatchObject({ length: TCP.length, transport: 20 });
  });

  it('there is none without an IP header', () => {
    expect(skbOf(ethernet('88cc', hex('00')))).toBeUndefined();
    expect(skbOf(hex('45'), 101)).toBeUndefined();
  });

  it('a clone is changed alone', () => {
    const skb = skbOf(TCP, 101);
    const copy = skb && cloneSkb(skb);
    if (copy) setTtl(copy, 1);
    expect(skb && fieldsOf(skb).ttl).toBe(64);
    expect(copy && fieldsOf(copy).ttl).toBe(1);
  });
});
