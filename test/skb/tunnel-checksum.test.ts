import { describe, expect, it } from 'vitest';
import { viewOf } from '../../src/base/bytes.ts';
import { fold, sumPseudoHeader } from '../../src/base/checksum.ts';
import { parseIp } from '../../src/net/ip.ts';
import { buildSkb } from '../../src/skb/build.ts';
import { transportChecksum } from '../../src/skb/checksum.ts';

const FRAME_AT = 8;
const INNER_AT = FRAME_AT + 14;

function address(text: string) {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(text);
  return ip;
}

/** VXLAN with a TCP segment inside, as it is on the wire: both checksums are right. */
function outer() {
  const [source, destination] = [address('10.42.1.0'), address('10.42.3.0')];
  const inner = buildSkb({
    source,
    destination,
    protocol: 6,
    sourcePort: 4711,
    destinationPort: 9090,
    tcpFlags: 2,
    time: 0,
  });
  const payload = new Uint8Array(INNER_AT + inner.bytes.length);
  payload[0] = 8;
  payload[6] = 7;
  payload.set([8, 0], INNER_AT - 2);
  payload.set(inner.bytes, INNER_AT);
  const skb = buildSkb({
    source: address('192.168.240.1'),
    destination: address('192.168.240.3'),
    protocol: 17,
    sourcePort: 40000,
    destinationPort: 8472,
    payload,
    time: 0,
  });
  const tcp = skb.transport + 8 + INNER_AT + inner.transport;
  const pseudo = fold(sumPseudoHeader(source, destination, 6, inner.length - inner.transport));
  return { skb, view: viewOf(skb.bytes), checksum: tcp + 16, port: tcp, pseudo };
}

describe('the outer checksum of VXLAN', () => {
  it('is right when both are completed', () => {
    expect(transportChecksum(outer().skb)).toBe('right');
  });

  it('is right when the device has still to complete the inner one', () => {
    const { skb, view, checksum, pseudo } = outer();
    view.setUint16(checksum, pseudo);
    expect(transportChecksum(skb)).toBe('right');
  });

  it('is wrong when the inner one is right and the outer is not', () => {
    const { skb, view } = outer();
    view.setUint16(skb.transport + 6, 0x1234);
    expect(transportChecksum(skb)).toBe('wrong');
  });

  it('is wrong when a byte before the inner transport header is damaged', () => {
    const { skb, view, checksum, pseudo } = outer();
    view.setUint16(checksum, pseudo);
    view.setUint8(skb.transport + 8 + 5, 9);
    expect(transportChecksum(skb)).toBe('wrong');
  });
});
