import type { Flow, FlowDirection, IcmpErrorSeen, LegSide, Sighting } from './flow.ts';

/** One packet, and every point that saw it. */
export interface SeenPacket {
  readonly direction: FlowDirection;
  /** In order of time; of different points, but for a packet that one point saw more than once. */
  readonly seen: readonly Sighting[];
}

/** Of a flow's packets those that were kept, each once, by the time of its first sighting. */
export function seenPackets(flow: Flow): SeenPacket[] {
  const packets: SeenPacket[] = [];
  for (const direction of ['forward', 'reply'] as const) {
    const together = new Map<string, Sighting[]>();
    for (const leg of flow.legs) {
      const times = new Map<string, number>();
      for (const sighting of keptOf(leg[direction])) {
        const what = identity(sighting);
        // What comes again and looks the same is the point's second such packet: so it is at the others.
        const time = (times.get(what) ?? 0) + 1;
        times.set(what, time);
        const key = `${what} ${time}`;
        const known = together.get(key);
        if (known) known.push(sighting);
        else together.set(key, [sighting]);
      }
    }
    for (const seen of together.values())
      packets.push({ direction, seen: seen.toSorted((a, b) => a.time - b.time) });
  }
  return packets.toSorted((a, b) => startOf(a) - startOf(b));
}

/** An ICMP error about the flow, and every point that saw it. */
export interface SeenError {
  readonly error: IcmpErrorSeen;
  /** In order of time. */
  readonly seen: readonly Sighting[];
}

/** Each error once, however many points it passed. */
export function seenErrors({ errors }: Flow): SeenError[] {
  const times = new Map<string, number>();
  const together = new Map<string, { error: IcmpErrorSeen; seen: Sighting[] }>();
  for (const error of errors) {
    const { quoted, type, code, sighting } = error;
    const what = `${quoted} ${type}/${code} ${identity(sighting)}`;
    const here = `${what} at ${sighting.point}`;
    const time = (times.get(here) ?? 0) + 1;
    times.set(here, time);
    const key = `${what} ${time}`;
    const known = together.get(key);
    if (known) known.seen.push(sighting);
    else together.set(key, { error, seen: [sighting] });
  }
  return [...together.values()].map(({ error, seen }) => ({
    error,
    seen: seen.toSorted((a, b) => a.time - b.time),
  }));
}

function startOf({ seen }: SeenPacket): number {
  return seen[0]?.time ?? 0;
}

/** The first ones, and the last where it is none of them. */
function keptOf({ kept, last }: LegSide): readonly Sighting[] {
  return last && !kept.some(({ number }) => number === last.number) ? [...kept, last] : kept;
}

/** What routers and NAT leave as it is. */
function identity(sighting: Sighting): string {
  const { id, tcpFlags, sequence, acknowledgement, icmpType, icmpSequence, payload, fragmentOffset } =
    sighting;
  return [id, tcpFlags, sequence, acknowledgement, icmpType, icmpSequence, payload, fragmentOffset].join('/');
}
