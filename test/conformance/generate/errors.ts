/** ICMP errors that hosts and routers behind the far ends send about frames that reached them. */
import { buildSkb } from '../../../src/skb/build.ts';
import { fieldsOf } from '../../../src/skb/fields.ts';
import type { Frame, Stimulus } from '../case.ts';
import { readFrame, skbOf } from '../frame.ts';
import type { Random } from '../random.ts';

const TYPES = {
  4: [
    [3, 3],
    [3, 1],
    [3, 13],
    [3, 4],
    [11, 0],
    [12, 0],
  ],
  6: [
    [1, 4],
    [1, 0],
    [2, 0],
    [3, 0],
    [4, 1],
  ],
} as const;

/** About each chosen frame one error, from the host that was asked. */
export function errorsAbout(frames: readonly Frame[], random: Random, chosen: () => boolean): Stimulus[] {
  return frames.flatMap(({ end, bytes }): Stimulus[] => {
    const frame = readFrame(bytes);
    const about = frame && skbOf(frame.payload);
    const toGroup = ((bytes[0] ?? 0) & 1) === 1;
    if (!frame || !about || toGroup || !chosen()) return [];
    const { family, source, destination, ttl } = fieldsOf(about);
    if (ttl === 255) return [];
    const [type, code] = random.pick<readonly [number, number]>(TYPES[family]);
    const quoted = Math.min(about.bytes.length, random.pick([28, 48, 64, 576]));
    const skb = buildSkb({
      source: destination,
      destination: source,
      protocol: family === 4 ? 1 : 58,
      icmpType: type,
      icmpCode: code,
      icmpRest: 1280,
      id: random.below(0x10000),
      payload: about.bytes.slice(0, quoted),
    });
    return [{ on: end, skb: { ...skb, etherSource: frame.destination, etherDestination: frame.source } }];
  });
}
