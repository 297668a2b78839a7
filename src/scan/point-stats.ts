import { type Batch, MARK, ROW, ROW_WORDS } from './row.ts';

const CUT = MARK.cut << 16;

/** The same as plain data. */
export type PointStatsParts = Omit<PointStats, 'count' | 'parts'>;

/** One interface of a capture, as its packets name it, and what is counted of it. */
export class PointStats {
  readonly interfaceName: string | undefined;
  readonly interfaceIndex: number | undefined;
  readonly linkType: number;
  packets = 0;
  bytes = 0;
  /** Packets cut by the snaplen. */
  cut = 0;
  /** Epoch seconds; packets may be out of order. */
  first = Number.POSITIVE_INFINITY;
  last = Number.NEGATIVE_INFINITY;
  /** Packets of each IP protocol. */
  readonly protocols = new Float64Array(256);

  constructor(interfaceName: string | undefined, interfaceIndex: number | undefined, linkType: number) {
    this.interfaceName = interfaceName;
    this.interfaceIndex = interfaceIndex;
    this.linkType = linkType;
  }

  static of(parts: PointStatsParts): PointStats {
    const { interfaceName, interfaceIndex, linkType, ...counts } = parts;
    return Object.assign(new PointStats(interfaceName, interfaceIndex, linkType), counts);
  }

  parts(): PointStatsParts {
    return { ...this };
  }

  /** The rows from `from` on, as long as they are this point's. Gives the first that isn't. */
  count({ words, doubles, count }: Batch, from: number, point: number): number {
    const { protocols } = this;
    let { first, last, bytes, cut } = this;
    let i = from;
    for (; i < count; i++) {
      const row = i * ROW_WORDS;
      const kind = words[row + ROW.kind] as number;
      if (kind >>> 16 !== point) break;
      const time = doubles[(row + ROW.time) >> 1] as number;
      if (time < first) first = time;
      if (time > last) last = time;
      bytes += words[row + ROW.wire] as number;
      if (((words[row + ROW.bits] as number) & CUT) !== 0) cut++;
      protocols[kind & 255] = (protocols[kind & 255] as number) + 1;
    }
    this.packets += i - from;
    this.first = first;
    this.last = last;
    this.bytes = bytes;
    this.cut = cut;
    return i;
  }
}
