/** Packets and bytes a second of each capture point, of late. */
import type { LivePoint } from '../live/point-tap.ts';
import { nameOf } from '../live/tap.ts';
import type { PointData } from './data.ts';

interface Sample {
  /** Epoch seconds. */
  readonly time: number;
  readonly packets: number;
  readonly bytes: number;
}

/** Seconds over which is counted, and between two samples at least. */
const SPAN = 3;
const STEP = 0.25;

export class Rates {
  readonly #samples = new Map<string, Sample[]>();

  /** `now`: epoch seconds. */
  take(points: readonly LivePoint[], now: number): PointData[] {
    return points.map((live) => {
      const { point, packets, bytes, dropped, ended } = live;
      const samples = this.#samples.get(nameOf(point)) ?? [];
      this.#samples.set(nameOf(point), samples);
      // A tap that began anew counts from nothing.
      if ((samples.at(-1)?.packets ?? 0) > packets) samples.length = 0;
      if (now - (samples.at(-1)?.time ?? 0) >= STEP) samples.push({ time: now, packets, bytes });
      while (samples.length > 1 && now - (samples[0]?.time ?? 0) > SPAN) samples.shift();
      const [first] = samples;
      const seconds = first ? now - first.time : 0;
      const rate = (more: number) => (seconds > 0 ? more / seconds : 0);
      return {
        point,
        packets,
        bytes,
        dropped,
        ended,
        packetRate: rate(packets - (first?.packets ?? 0)),
        byteRate: rate(bytes - (first?.bytes ?? 0)),
      };
    });
  }
}
