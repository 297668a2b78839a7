import type { Frame } from '../capture/frame.ts';

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

  count(frame: Frame, time: number, protocol: number): void {
    this.packets++;
    this.bytes += frame.length;
    if (frame.captured < frame.length) this.cut++;
    if (time < this.first) this.first = time;
    if (time > this.last) this.last = time;
    this.protocols[protocol] = (this.protocols[protocol] as number) + 1;
  }
}
