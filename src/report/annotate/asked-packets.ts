/** Which packets a filter asks for: each by the ends that its flow has at all points, before and behind NAT, and by its own time. */
import type { Frame } from '../../capture/frame.ts';
import type { Correlation } from '../../correlate/scan.ts';
import { isTimed } from '../../filter/covering.ts';
import type { Filter } from '../../filter/filter.ts';
import { frameTest } from '../../filter/frame.ts';
import { compileFilter, type Face, type Test } from '../../filter/match.ts';
import { packetSubject } from '../../filter/packet.ts';
import type { Packet } from '../../packet/packet.ts';
import type { Way, Ways } from './ways.ts';

export class AskedPackets {
  readonly #test: Test;
  readonly #ofFrame: (frame: Frame) => boolean;
  readonly #timed: boolean;
  readonly #ways: Ways;

  /** `filter`: its names resolved. */
  constructor(filter: Filter, { points }: Correlation, ways: Ways) {
    this.#test = compileFilter(filter, Math.min(...points.flatMap(({ first }) => first ?? [])));
    this.#ofFrame = frameTest(this.#test);
    this.#timed = isTimed(filter);
    this.#ways = ways;
  }

  /** Of a plain packet. `time`: epoch seconds, as the frame has it. */
  isPlainAsked(frame: Frame, way: Way | undefined, time: number): boolean {
    if (!way) return this.#ofFrame(frame);
    const { flow } = way;
    if (this.#timed) return this.#test({ faces: flow.faces, start: time, end: time });
    flow.asked ??= this.#test({ faces: flow.faces, start: time, end: time });
    return flow.asked;
  }

  /** `points`: its own, and those of what is inside it; `own`: the way of the packet itself. */
  isAsked(packet: Packet, points: readonly number[], own: Way | undefined): boolean {
    const { faces, start, end } = packetSubject(packet);
    const known = faces.flatMap((face) => this.#facesOf(packet, face, points, own));
    return this.#test({ faces: known, start, end });
  }

  #facesOf({ ip }: Packet, face: Face, points: readonly number[], own: Way | undefined): readonly Face[] {
    const { protocol, client, server } = face;
    const isOwn =
      ip?.protocol === protocol && ip.source === client.address && ip.destination === server.address;
    // A later fragment has no ports.
    if (isOwn && own) return own.flow.faces;
    if (client.port < 0) return [face];
    for (const point of points) {
      const way = this.#ways.of(point, protocol, client, server);
      if (way) return way.flow.faces;
    }
    return [face];
  }
}
