import type { Flow, Leg } from '../correlate/flow.ts';
import { outcomeOf } from '../correlate/outcome.ts';
import { isLoopback, ownersOf } from '../correlate/owner.ts';
import { fateOf } from '../correlate/predict.ts';
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
  const second = secondConnection(kase);
  const there = prediction?.there;
  if (there) {
    if (fateOf(there) !== 'delivered') return undefined;
    const socket = netnsOf(kase, there.namespace)?.sockets?.find(
      (one) =>
        one.port === there.final.destinationPort && /^(docker-pr|rootlessport)/.test(one.process ?? ''),
    );
    if (!socket) return undefined;
    return {
      namespace: there.namespace,
      socket,
      ...(second && { second }),
      samePayload: second !== undefined && samePayload(flow, second),
    };
  }
  if (!second || !samePayload(flow, second)) return undefined;
  const point = second.legs[0] && kase.correlation.points[second.legs[0].point];
  return { namespace: point?.namespace ?? 'host', second, samePayload: true };
}

/** A connection that begins while this one is open, from the host's side, to another port or address, and ends with it. */
function secondConnection(kase: Case): Flow | undefined {
  const { flow } = kase;
  const hosts = new Set(ownersOf(kase.snapshot, flow.server.address).map(({ netns }) => netns.name));
  if (isLoopback(flow.server.address)) hosts.add(kase.prediction?.there.namespace ?? 'host');
  return kase.correlation.flows.find((other) => {
    if (
      other.id === flow.id ||
      other.protocol !== flow.protocol ||
      other.start < flow.start ||
      other.start > flow.end + 1
    )
      return false;
    if (other.client.address === flow.client.address) return false;
    if (other.server.address === flow.server.address) return false;
    const owners = ownersOf(kase.snapshot, other.client.address).map(({ netns }) => netns.name);
    if (owners.length > 0 && hosts.size > 0) return owners.some((name) => hosts.has(name));
    return samePayload(flow, other);
  });
}

/** Bytes carried each way, at whichever point counted the most. Zero on both sides is no likeness. */
function samePayload(left: Flow, right: Flow): boolean {
  const most = (flow: Flow, pick: (leg: Leg) => number) => Math.max(0, ...flow.legs.map(pick));
  const there = [most(left, (leg) => leg.forward.payload), most(right, (leg) => leg.forward.payload)];
  const back = [most(left, (leg) => leg.reply.payload), most(right, (leg) => leg.reply.payload)];
  return there[0] === there[1] && back[0] === back[1] && (there[0] ?? 0) + (back[0] ?? 0) > 0;
}

/** Did the proxy's own connection work? */
export function secondWorked(second: Flow): boolean {
  return outcomeOf(second).status === 'delivered';
}
