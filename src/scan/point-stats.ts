/** Numbers that are counted of a point, and where each is; packets of IP protocol `p` at `protocols + p`. The kernel's `tally` counts them. */
export const COUNTS = 264;
const COUNT = { packets: 0, bytes: 1, cut: 2, first: 3, last: 4, protocols: 8 } as const;

/** The same as plain data. */
export type PointStatsParts = Pick<PointStats, 'interfaceName' | 'interfaceIndex' | 'linkType' | 'counts'>;

/** One interface of a capture, as its packets name it, and what is counted of it. */
export class PointStats {
  readonly interfaceName: string | undefined;
  readonly interfaceIndex: number | undefined;
  readonly linkType: number;
  readonly counts: Float64Array;

  constructor({ interfaceName, interfaceIndex, linkType, counts }: PointStatsParts) {
    this.interfaceName = interfaceName;
    this.interfaceIndex = interfaceIndex;
    this.linkType = linkType;
    this.counts = counts;
  }

  /** Of none of its packets yet. */
  static begin(parts: PointStatsParts): PointStats {
    const { counts } = parts;
    counts[COUNT.first] = Number.POSITIVE_INFINITY;
    counts[COUNT.last] = Number.NEGATIVE_INFINITY;
    return new PointStats(parts);
  }

  parts(): PointStatsParts {
    return { ...this, counts: this.counts.slice() };
  }

  get packets(): number {
    return this.counts[COUNT.packets] as number;
  }

  get bytes(): number {
    return this.counts[COUNT.bytes] as number;
  }

  /** Packets cut by the snaplen. */
  get cut(): number {
    return this.counts[COUNT.cut] as number;
  }

  /** Epoch seconds; packets may be out of order. */
  get first(): number {
    return this.counts[COUNT.first] as number;
  }

  get last(): number {
    return this.counts[COUNT.last] as number;
  }

  /** Packets of each IP protocol. */
  get protocols(): Float64Array {
    return this.counts.subarray(COUNT.protocols);
  }
}
