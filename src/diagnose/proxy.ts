import { once } from '../base/memo.ts';
import type { Flow, Leg } from '../correlate/flow.ts';
import { outcomeOf } from '../correlate/outcome.ts';
import { ownersOf } from '../correlate/owner.ts';
import { fateOf } from '../correlate/predict.ts';
import type { Correlation } from '../correlate/scan.ts';
import type { Socket } from '../dump/records.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { type Case, netnsOf } from './case.ts';

/** A connection that a userland proxy served: the client's own, and the one the proxy opened for it. */
export interface Proxied {
  /** Namespace of the proxy. */
  readonly namespace: string;
  readonly socket?: Socket;
  /** The proxy's connection to the container, when it was captured. */
  readonly second?: Flow;
  /** Payload sums of both connections agree. */
  readonly samePayload: boolean;
}

/** docker-proxy (or its like): the request stays on the host and a second connection carries it on. */
export function proxiedBy(kase: Case): Proxied | undefined {
  const { flow, prediction } = kase;
  if (flow.protocol !== PROTOCOL.tcp && flow.protocol !== PROTOCOL.udp) return undefined;
  const there = prediction?.there;
  if (there) {
    if (fateOf(there) !== 'delivered') return undefined;
    const socket = netnsOf(kase, there.namespace)?.sockets?.find(
      (one) =>
        one.port === there.final.destinationPort && /^(docker-pr|rootlessport)/.test(one.process ?? ''),
    );
    if (!socket) return undefined;
    const second = secondConnection(kase, there.namespace);
    return {
      namespace: there.namespace,
      socket,
      ...(second && { second }),
      samePayload: second !== undefined && samePayload(flow, second),
    };
  }
  const second = likeness(kase);
  if (!second) return undefined;
  const point = second.legs[0] && kase.correlation.points[second.legs[0].point];
  return { namespace: point?.namespace ?? 'host', second, samePayload: true };
}

/** A connection that begins while this one is open, from the host's side, to another port or address. */
function secondConnection(kase: Case, namespace: string): Flow | undefined {
  const { flow, correlation } = kase;
  return overlapping(correlation.flows, flow).find(
    (other) =>
      isOther(flow, other) &&
      ownersOf(kase.snapshot, other.client.address).some(({ netns }) => netns.name === namespace),
  );
}

/** The same with nothing but captures: another connection that carried just as many bytes each way at that time. */
function likeness(kase: Case): Flow | undefined {
  const { flow, correlation } = kase;
  const equal = byPayload(correlation).get(payloadOf(flow)) ?? [];
  const first = firstFrom(equal, flow.start);
  for (let at = first; at < equal.length && at - first < MOST; at++) {
    const other = equal[at] as Flow;
    if (other.start > flow.end + 1) break;
    if (isOther(flow, other)) return other;
  }
  return undefined;
}

/** Index of the first that begins then or later; they are sorted by their start. */
function firstFrom(flows: readonly Flow[], start: number): number {
  let [low, high] = [0, flows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((flows[middle] as Flow).start < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isOther(flow: Flow, other: Flow): boolean {
  return (
    other.id !== flow.id &&
    other.protocol === flow.protocol &&
    other.client.address !== flow.client.address &&
    other.server.address !== flow.server.address
  );
}

/** How many flows are looked at that begin during another one. */
const MOST = 4096;

/** Flows that begin while this one is open; they are sorted by their start. */
function overlapping(flows: readonly Flow[], { id, end }: Flow): readonly Flow[] {
  let last = id;
  while (last < flows.length && last - id < MOST && (flows[last] as Flow).start <= end + 1) last++;
  return flows.slice(id, last);
}

const byPayload = once((correlation: Correlation): ReadonlyMap<string, readonly Flow[]> => {
  const index = new Map<string, Flow[]>();
  for (const flow of correlation.flows) {
    const key = payloadOf(flow);
    if (key === '0 0') continue;
    const equal = index.get(key);
    if (equal) equal.push(flow);
    else index.set(key, [flow]);
  }
  return index;
});

/** Bytes carried there and back, at whichever point counted the most. */
function payloadOf(flow: Flow): string {
  const most = (pick: (leg: Leg) => number) => Math.max(0, ...flow.legs.map(pick));
  return `${most((leg) => leg.forward.payload)} ${most((leg) => leg.reply.payload)}`;
}

function samePayload(left: Flow, right: Flow): boolean {
  return payloadOf(left) === payloadOf(right) && payloadOf(left) !== '0 0';
}

/** Did the proxy's own connection work? */
export function secondWorked(second: Flow): boolean {
  return outcomeOf(second).status === 'delivered';
}
