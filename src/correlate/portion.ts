/** A flow as if only what was seen of it in some span of time had been captured. */
import type { Flow, Leg, LegSide, Sighting } from './flow.ts';
import { emptySide } from './flow.ts';

/** `from` belongs to it, `until` doesn't; epoch seconds. Of more packets than are kept, those that the questions show. */
export function portionOf(flow: Flow, from: number, until: number): Flow {
  const within = (seen: Sighting | undefined): seen is Sighting =>
    seen !== undefined && seen.time >= from && seen.time < until;
  const legs = flow.legs
    .map((leg) => portionOfLeg(leg, within))
    .filter(({ forward, reply }) => forward.packets + reply.packets > 0);
  const times = legs.flatMap(({ forward, reply }) =>
    [...forward.kept, ...reply.kept].map(({ time }) => time),
  );
  return {
    ...flow,
    legs,
    errors: flow.errors.filter(({ sighting }) => within(sighting)),
    start: Math.min(...times, until),
    end: Math.max(...times, Math.min(from, until)),
  };
}

function portionOfLeg(leg: Leg, within: (seen: Sighting | undefined) => seen is Sighting): Leg {
  const runs = leg.attempts ?? [];
  const asked = runs.flatMap(({ first, last }) => [first, last]);
  const told = runs.flatMap(({ reply, lastReply }) => [reply, lastReply]);
  return {
    ...leg,
    forward: portionOfSide(leg.forward, asked, within),
    reply: portionOfSide(leg.reply, told, within),
    ...(leg.attempts && { attempts: runs.filter(({ first }) => within(first)) }),
  };
}

function portionOfSide(
  side: LegSide,
  more: readonly (Sighting | undefined)[],
  within: (seen: Sighting | undefined) => seen is Sighting,
): LegSide {
  const byNumber = new Map<number, Sighting>();
  for (const seen of [...side.kept, ...more, side.last]) {
    // An ICMP error that refuses is none of the flow's own packets.
    if (within(seen) && isOwn(seen, side)) byNumber.set(seen.number, seen);
  }
  const kept = [...byNumber.values()].toSorted((left, right) => left.number - right.number);
  if (kept.length === side.packets) return side;
  const last = kept.at(-1);
  const optional = (name: 'syn' | 'synAck' | 'rst' | 'provoked' | 'fin' | 'lap') =>
    within(side[name]) ? { [name]: side[name] } : {};
  return {
    ...emptySide(),
    packets: kept.length,
    bytes: kept.reduce((sum, seen) => sum + seen.length, 0),
    payload: kept.reduce((sum, seen) => sum + seen.payload, 0),
    kept,
    ...(last && { last }),
    ...optional('syn'),
    ...optional('synAck'),
    ...optional('rst'),
    ...optional('provoked'),
    ...optional('fin'),
    ...optional('lap'),
    ...(within(side.repeated) && { repeated: side.repeated, repeats: side.repeats }),
    ...(kept.length > 0 && { skb: side.skb }),
  };
}

function isOwn(seen: Sighting, { kept }: LegSide): boolean {
  const first = kept[0];
  return first !== undefined && seen.source === first.source && seen.destination === first.destination;
}
