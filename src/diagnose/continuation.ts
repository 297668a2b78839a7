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
      const said = later.side.kept[0];
      // Asked of each alone: where many come to one receiver, few have no beginning of their own.
      if (!said || !isWithoutBeginning(later)) continue;
      const earlier = sides.find((one) => continues(one, later, said));
      if (!earlier) continue;
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

/** One that has a beginning of its own is a connection of its own. */
function isWithoutBeginning({ side, back }: Side): boolean {
  const [first] = side.kept;
  if (side.payload === 0 || side.syn || side.synAck || back.syn) return false;
  return first?.sequence !== undefined && first.payload > 0;
}

function continues(one: Side, later: Side, said: Sighting): boolean {
  if (one === later || one.side !== one.leg.reply) return false;
  if (one.from.address === later.from.address && one.from.port === later.from.port) return false;
  const last = one.side.kept.findLast(({ time }) => time < said.time);
  return last?.sequence !== undefined && (last.sequence + last.payload) >>> 0 === said.sequence;
}
