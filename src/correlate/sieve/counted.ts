import { PROTOCOL } from '../../net/protocol.ts';
import type { GivenUp } from '../../scan/compact.ts';
import { RECORD, SIDE } from '../../scan/records.ts';
import type { CountedFlow, CountedFlows, CountedLeg } from '../counted.ts';
import type { Flow, FlowEnd } from '../flow.ts';
import type { FlowStatus } from '../status.ts';
import { LEFT_OUT, NOISE } from './choose.ts';
import { byWay, type LegRef, SEVERE, type SeenFlows, SHAPE } from './flows.ts';
import type { Sieve } from './sieve.ts';

/** What the sieve let through. `pointOf`: index of a capture's own point among all; `detailed`: the flows that were read packet by packet. */
export function countedFlows(
  { captures, flows, choice, leftOut }: Sieve,
  pointOf: (capture: number, point: number) => number,
  detailed: readonly Flow[],
): CountedFlows {
  const ids = idsOf(detailed);
  const known = new Map<number, number | undefined>();
  const likeOf = (flow: number): number | undefined => {
    const stands = choice.like[flow] as number;
    if (stands < 0) return undefined;
    if (!known.has(stands)) known.set(stands, idOf(ids, flows, flows.legs(stands)));
    return known.get(stands);
  };
  // What was wanted and could not be read again is counted as well.
  const isCounted = (flow: number) =>
    choice.shapes[flow] !== NOISE &&
    choice.shapes[flow] !== LEFT_OUT &&
    (choice.wanted[flow] === 0 || idOf(ids, flows, flows.legs(flow)) === undefined);
  const byStatus = new Map<FlowStatus, number>();
  const gone = sumOf(leftOut ? [] : captures.map(({ flows: own }) => own.table.givenUp));
  if (gone.failing > 0) byStatus.set('unknown', gone.failing);
  const like = new Map<number, number>();
  let places: Uint32Array | undefined;
  let count = gone.conversations;
  let delivered = gone.conversations - gone.failing;
  for (let flow = 0; flow < flows.count; flow++) {
    if (!isCounted(flow)) continue;
    count++;
    const shape = choice.shapes[flow] as number;
    if (shape === 0) {
      delivered++;
      continue;
    }
    const id = likeOf(flow);
    if (id !== undefined) like.set(id, (like.get(id) ?? 0) + 1);
    else {
      const status =
        (shape & SEVERE) === 0 ? 'delivered' : statusOf(shape, flows.protocol(flows.near(flows.legs(flow))));
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    }
  }
  if (delivered > 0) byStatus.set('delivered', (byStatus.get('delivered') ?? 0) + delivered);
  return {
    count,
    unlisted: gone.conversations,
    byStatus,
    like,
    *flows() {
      for (let flow = 0; flow < flows.count; flow++) {
        if (isCounted(flow))
          yield describe(flows, flow, choice.shapes[flow] as number, pointOf, likeOf(flow));
      }
    },
    find(protocol, source, destination) {
      const flow = flows.find(protocol, source, destination);
      if (flow < 0 || choice.shapes[flow] === NOISE) return undefined;
      places ??= placesOf(flows.count, isCounted);
      const place = (places[flow] as number) - 1;
      const asked = place >= 0;
      return {
        flow: describe(
          flows,
          flow,
          asked ? (choice.shapes[flow] as number) : 0,
          pointOf,
          asked ? likeOf(flow) : undefined,
        ),
        place: asked ? place : undefined,
      };
    },
  };
}

/** Of each flow its place among those that are counted, from 1; 0 for the others. */
function placesOf(count: number, isCounted: (flow: number) => boolean): Uint32Array {
  const places = new Uint32Array(count);
  let place = 0;
  for (let flow = 0; flow < count; flow++) if (isCounted(flow)) places[flow] = ++place;
  return places;
}

function sumOf(parts: readonly GivenUp[]): GivenUp {
  const sum = { conversations: 0, packets: 0, failing: 0 };
  for (const { conversations, packets, failing } of parts) {
    sum.conversations += conversations;
    sum.packets += packets;
    sum.failing += failing;
  }
  return sum;
}

function describe(
  flows: SeenFlows,
  flow: number,
  shape: number,
  pointOf: (capture: number, point: number) => number,
  like: number | undefined,
): CountedFlow {
  const refs = flows.legs(flow);
  const near = flows.near(refs);
  const ends = flows.ends(near);
  return {
    family: flows.family(near),
    protocol: flows.protocol(near),
    ...ends,
    start: Math.min(...refs.map(({ records, record }) => records.first(record))),
    end: Math.max(...refs.map(({ records, record }) => records.last(record))),
    legs: refs.toSorted(byWay).map((leg) => describeLeg(flows, leg, pointOf)),
    status: statusOf(shape, flows.protocol(near)),
    ...(like !== undefined && { like }),
  };
}

function describeLeg(
  flows: SeenFlows,
  leg: LegRef,
  pointOf: (capture: number, point: number) => number,
): CountedLeg {
  const { capture, record, records, forward } = leg;
  return {
    point: pointOf(capture, records.word(record, RECORD.kind) >>> 16),
    ...flows.ends(leg),
    forward: records.side(record, forward, SIDE.packets),
    reply: records.side(record, forward ^ 1, SIDE.packets),
  };
}

/** What can be said without having looked. Nobody has to answer UDP; what else is counted begins with a SYN or is an echo. */
function statusOf(shape: number, protocol: number): FlowStatus {
  if ((shape & SEVERE) === 0) return 'delivered';
  if ((shape & SHAPE.refused) !== 0) return 'rejected';
  if ((shape & SHAPE.noRequest) !== 0) return 'unknown';
  if ((shape & SHAPE.noReply) !== 0) {
    return protocol === PROTOCOL.udp || (shape & SHAPE.unbegun) !== 0 ? 'unknown' : 'no-reply';
  }
  return 'unknown';
}

function idsOf(flows: readonly Flow[]): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  for (const { id, protocol, legs } of flows) {
    for (const { client, server } of legs) {
      ids.set(nameOf(protocol, client, server), id);
      ids.set(nameOf(protocol, server, client), id);
    }
  }
  return ids;
}

function idOf(
  ids: ReadonlyMap<string, number>,
  flows: SeenFlows,
  legs: readonly LegRef[],
): number | undefined {
  for (const leg of legs) {
    const { client, server } = flows.ends(leg);
    const id = ids.get(nameOf(flows.protocol(leg), client, server));
    if (id !== undefined) return id;
  }
  return undefined;
}

function nameOf(protocol: number, from: FlowEnd, to: FlowEnd): string {
  return `${protocol} ${from.address} ${from.port} ${to.address} ${to.port}`;
}
