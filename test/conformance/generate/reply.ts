/** What the other side makes of a frame that reached it: its answer, or an error that quotes it. */
import { formatIp } from '../../../src/net/ip.ts';
import { fieldsOf } from '../../../src/skb/fields.ts';
import type { Skb } from '../../../src/skb/skb.ts';
import type { Frame, Stimulus } from '../case.ts';
import { readFrame, skbOf } from '../frame.ts';
import type { Random } from '../random.ts';
import { icmpBytes, initiation, rawPacket, sctpBytes } from './raw.ts';

const ANSWER: Readonly<Record<number, number>> = { 8: 0, 13: 14, 15: 16, 17: 18, 128: 129, 139: 140 };
const COMMON = new Set([1, 6, 17, 58]);
const PORTED = new Set([6, 17, 33, 132, 136]);

export function repliesTo(random: Random, frames: readonly Frame[], id: number): Stimulus[] {
  return frames.flatMap(({ end, bytes }): Stimulus[] => {
    const frame = readFrame(bytes);
    const skb = frame && skbOf(frame.payload);
    if (!skb || fieldsOf(skb).ttl === 255 || skb.transport < 0) return [];
    // Whether the router itself has a handler for other protocols no dump tells.
    const own = /[.:]1$/.test(formatIp(fieldsOf(skb).source));
    if (own && !COMMON.has(skb.protocol)) return [];
    const what = random.below(10);
    if (what < 6) return [{ on: end, skb: answer(random, skb, id) }];
    return what < 9 ? [{ on: end, skb: complaint(random, skb, id) }] : [];
  });
}

function answer(random: Random, skb: Skb, id: number): Skb {
  const { protocol, transport } = skb;
  const { source, destination } = fieldsOf(skb);
  const said = skb.bytes.subarray(transport);
  let payload: Uint8Array = said.slice();
  const view = new DataView(payload.buffer, payload.byteOffset);
  if (PORTED.has(protocol)) {
    payload.set(said.subarray(2, 4), 0);
    payload.set(said.subarray(0, 2), 2);
  }
  if (protocol === 6) {
    const flags = said[13] ?? 0;
    const header = ((said[12] ?? 0) >> 4) * 4;
    view.setUint32(8, view.getUint32(4) + (flags & 2 ? 1 : 0) + said.length - header);
    view.setUint32(4, 9000);
    payload[13] = (flags & 18) === 2 ? random.pick([18, 18, 20]) : 16;
  } else if (protocol === 132) {
    const ports = [view.getUint16(0), view.getUint16(2)] as const;
    payload = sctpBytes(ports, random.pick([9, 9, 8]), [
      { type: random.pick([2, 2, 6, 5]), data: initiation(77) },
    ]);
  } else if (protocol === 1 || protocol === 58) payload[0] = ANSWER[said[0] ?? 0] ?? said[0] ?? 0;
  return rawPacket({ source: formatIp(destination), destination: formatIp(source), protocol, payload, id });
}

/** Errors of both families; the quote may be cut anywhere. */
const ERRORS4 = [
  [3, 3],
  [3, 1],
  [11, 0],
  [3, 4],
  [4, 0],
  [12, 0],
  [5, 1],
  [3, 2],
] as const;
const ERRORS6 = [
  [1, 4],
  [1, 0],
  [3, 0],
  [2, 0],
  [4, 1],
  [137, 0],
] as const;

function complaint(random: Random, skb: Skb, id: number): Skb {
  const six = skb.family === 6;
  const { source, destination } = fieldsOf(skb);
  const quote = skb.bytes.slice(0, skb.transport + random.pick([8, 8, 8, 28, 64, 4, 6, 2]));
  if (random.chance(0.1)) quote[six ? 6 : 9] = random.pick([6, 17, 99]);
  if (!six && random.chance(0.06)) quote[7] = 5;
  const [type, code] = random.pick<readonly [number, number]>(six ? ERRORS6 : ERRORS4);
  const rest = (type === 3 && code === 4 && !six) || (type === 2 && six) ? 1400 : 0;
  return rawPacket({
    source: random.chance(0.5) ? formatIp(destination) : six ? 'fd90:2::2' : '10.90.2.9',
    destination: random.chance(0.06) ? (six ? 'fd90:2::1' : '10.90.2.1') : formatIp(source),
    protocol: six ? 58 : 1,
    payload: icmpBytes(type, code, rest, quote),
    id,
    spoilt: random.chance(0.04),
  });
}
