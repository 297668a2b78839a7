/** One TCP conversation between two far ends of the router, with segments that don't belong to it. */
import type { Stimulus } from '../case.ts';
import type { Random } from '../random.ts';
import { rawPacket, tcpBytes } from './raw.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const PSH = 8;
const ACK = 16;

export interface Peers {
  readonly ends: readonly [string, string];
  readonly addresses: readonly [string, string];
  readonly ports: readonly [number, number];
}

export function randomTalk(random: Random, { ends, addresses, ports }: Peers, steps: number): Stimulus[] {
  const stimuli: Stimulus[] = [];
  const first = [
    random.pick([1000, 0xfffffe00, random.next()]),
    random.pick([5000, 0xffffff80, random.next()]),
  ] as const;
  const next: [number, number] = [...first];
  const window = [random.pick([65535, 1000, 0, 29200]), random.pick([65535, 500, 8000])] as const;
  const scale = [
    random.chance(0.5) ? random.below(16) : -1,
    random.chance(0.5) ? random.below(16) : -1,
  ] as const;
  const sack = [random.chance(0.6), random.chance(0.6)] as const;
  const options = (side: 0 | 1): number[] => [
    ...(sack[side] ? [4, 2] : []),
    ...(scale[side] >= 0 ? [3, 3, scale[side]] : []),
    ...(random.chance(0.3) ? [2, 4, 5, 180] : []),
  ];
  const put = (
    side: 0 | 1,
    flags: number,
    sequence: number,
    acknowledgement: number,
    more: { length?: number; options?: number[]; window?: number } = {},
  ): void => {
    const other = side === 0 ? 1 : 0;
    const payload = tcpBytes({
      ports: [ports[side], ports[other]],
      flags,
      sequence,
      acknowledgement,
      window: more.window ?? window[side],
      options: more.options ?? [],
      data: new Uint8Array(more.length ?? 0),
    });
    const id = 1 + stimuli.length;
    stimuli.push({
      on: ends[side],
      skb: rawPacket({ source: addresses[side], destination: addresses[other], protocol: 6, payload, id }),
    });
  };
  let opened = 0;
  for (let i = 0; i < steps; i++) {
    const side = random.below(2) as 0 | 1;
    const other = side === 0 ? 1 : 0;
    const what = random.below(100);
    if (opened === 0 && what < 70) {
      put(0, SYN, next[0], 0, { options: options(0) });
      next[0]++;
      opened = 1;
    } else if (opened === 1 && what < 60) {
      put(1, SYN | ACK, next[1], next[0], { options: options(1) });
      next[1]++;
      opened = 2;
    } else if (opened === 2 && what < 60) {
      put(0, ACK, next[0], next[1]);
      opened = 3;
    } else if (what < 72) {
      const length = random.pick([0, 0, 10, 100, 1000, 1400]);
      const edges =
        sack[other] && random.chance(0.15)
          ? selective(next[other] + 10, next[other] + random.pick([20, 500]))
          : [];
      const said = random.chance(0.1) ? random.pick([0, 1, 65535]) : window[side];
      put(side, ACK | (random.chance(0.3) ? PSH : 0), next[side], next[other], {
        length,
        options: edges,
        window: said,
      });
      next[side] += length;
    } else if (what < 78) {
      put(side, FIN | ACK, next[side], next[other]);
      next[side]++;
    } else if (what < 82) {
      const sequence = next[side] + random.pick([0, 1, -1, 100, -next[side]]);
      put(
        side,
        RST | (random.chance(0.5) ? ACK : 0),
        sequence,
        random.pick([next[other], 0, next[other] - 1]),
      );
    } else if (what < 86) {
      const sequence = random.pick([next[side], next[side] + 5000, first[side], random.next()]);
      put(side, SYN, sequence, 0, { options: options(side) });
      if (random.chance(0.5)) next[side] = sequence + 1;
    } else if (what < 89) {
      put(
        side,
        SYN | ACK,
        random.pick([first[side], next[side], random.next()]),
        random.pick([next[other], random.next()]),
        {
          options: options(side),
        },
      );
    } else if (what < 97) {
      put(
        side,
        random.pick([ACK, ACK, FIN | ACK, ACK | PSH]),
        next[side] + random.pick([0, -1, -100, 100, 2000, -70000, 70000, -1400]),
        next[other] + random.pick([0, -1, 1, 100, -5000, 70000, -70000]),
        { length: random.pick([0, 1, 100, 1400]), window: random.pick([window[side], 0]) },
      );
    } else
      put(
        side,
        random.pick([0, FIN, SYN | FIN, SYN | RST, 63, ACK | 32, SYN | 0xc0, PSH]),
        next[side],
        next[other],
      );
    const again = stimuli.at(-1 - random.below(Math.min(4, Math.max(1, stimuli.length))));
    if (again && random.chance(0.12)) stimuli.push(again);
  }
  return stimuli;
}

function selective(left: number, right: number): number[] {
  const bytes = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
  return [1, 1, 5, 10, ...bytes(left), ...bytes(right)];
}
