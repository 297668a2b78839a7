/** A TCP connection whose server goes on from another address or port, in the sequence numbers of the connection. */
import { once } from '../base/memo.ts';
import type { Flow, FlowEnd, Leg, LegSide, Sighting } from '../correlate/flow.ts';
import type { Correlation } from '../correlate/scan.ts';
import { PROTOCOL } from '../net/protocol.ts';

export interface Continuation {
  /** The connection as it began, at the point where both were seen. */
  readonly flow: Flow;
  readonly near: Leg;
  /** The segments from elsewhere: the first of them, who they seem to be from, and the client's RST. */
  readonly said: Sighting;
  readonly from: FlowEnd;
  readonly reset?: Sighting;
}

interface Side {
  readonly flow: Flow;
  readonly leg: Leg;
  readonly side: LegSide;
  readonly back: LegSide;
  readonly from: FlowEnd;
  readonly to: FlowEnd;
}

/** By flow: of the connection that was continued, and of the flow that the segments from elsewhere were taken for. */
export const continuations = once(({ flows }: Correlation): ReadonlyMap<Flow, Continuation> => {
  const byReceiver = new Map<string, Side[]>();
  for (const side of flows.filter(({ protocol }) => protocol === PROTOCOL.tcp).flatMap(sidesOf)) {
    const key = `${side.leg.point} ${side.to.address} ${side.to.port}`;
    const others = byReceiver.get(key);
    if (others) others.push(side);
    else byReceiver.set(key, [side]);
  }
  const found = new Map<Flow, Continuation>();
  for (const sides of byReceiver.values()) {
    if (sides.length < 2) continue;
    for (const later of sides) {
      const earlier = sides.find((one) => continues(one, later));
      const said = later.side.kept[0];
      if (!earlier || !said) continue;
      const one: Continuation = {
        flow: earlier.flow,
        near: earlier.leg,
        said,
        from: later.from,
        ...(later.back.rst && { reset: later.back.rst }),
      };
      found.set(earlier.flow, one);
      found.set(later.flow, one);
    }
  }
  return found;
});

function sidesOf(flow: Flow): Side[] {
  return flow.legs.flatMap((leg) => [
    { flow, leg, side: leg.reply, back: leg.forward, from: leg.server, to: leg.client },
    { flow, leg, side: leg.forward, back: leg.reply, from: leg.client, to: leg.server },
  ]);
}

function continues(one: Side, later: Side): boolean {
  const first = one.side.kept[0];
  const said = later.side.kept[0];
  const last = one.side.kept.findLast(({ time }) => said !== undefined && time < said.time);
  if (one === later || !first || !said || !last || later.side.payload === 0) return false;
  if (one.from.address === later.from.address && one.from.port === later.from.port) return false;
  // One that has a beginning of its own is a connection of its own.
  if (later.side.syn || later.side.synAck || later.back.syn || one.side !== one.leg.reply) return false;
  if (last.sequence === undefined || said.sequence === undefined || said.payload === 0) return false;
  return (last.sequence + last.payload) >>> 0 === said.sequence;
}
