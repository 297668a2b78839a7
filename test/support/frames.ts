import type { Frame } from '../../src/capture/frame.ts';
import { parseIp } from '../../src/net/ip.ts';
import { parseMac } from '../../src/net/mac.ts';
import { buildSkb, type SkbSpec } from '../../src/skb/build.ts';

export interface Sent extends Omit<Partial<SkbSpec>, 'source' | 'destination' | 'time'> {
  readonly from: string;
  readonly to: string;
  /** Seconds since the capture's beginning. */
  readonly at?: number;
  readonly fromMac?: string;
  readonly toMac?: string;
}

const EPOCH = 1_700_000_000;

/** Numbers the frames of one capture from 1, and dresses packets in Ethernet. */
export function capture(...sent: Sent[]): Frame[] {
  return sent.map((one, index) => frame(one, index + 1));
}

function frame({ from, to, at = 0, fromMac, toMac, ...spec }: Sent, number: number): Frame {
  const source = parseIp(from);
  const destination = parseIp(to);
  if (source === undefined || destination === undefined) throw new Error(`not an address: ${from} or ${to}`);
  const skb = buildSkb({ protocol: 6, ...spec, source, destination, time: EPOCH + at });
  const bytes = new Uint8Array(14 + skb.bytes.length);
  putMac(bytes, 0, toMac ?? '02:00:00:00:00:02');
  putMac(bytes, 6, fromMac ?? '02:00:00:00:00:01');
  bytes[12] = skb.family === 4 ? 0x08 : 0x86;
  bytes[13] = skb.family === 4 ? 0x00 : 0xdd;
  bytes.set(skb.bytes, 14);
  return {
    number,
    seconds: EPOCH + Math.floor(at),
    nanoseconds: Math.round((at % 1) * 1e9),
    length: bytes.length,
    captured: bytes.length,
    linkType: 1,
    bytes,
  };
}

function putMac(bytes: Uint8Array, offset: number, text: string): void {
  const mac = parseMac(text) ?? 0;
  for (let i = 0; i < 6; i++) bytes[offset + i] = Math.floor(mac / 256 ** (5 - i)) % 256;
}
