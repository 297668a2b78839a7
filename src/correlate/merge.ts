import type { Conversation, ConversationTable } from './conversation.ts';
import {
  emptySide,
  type Flow,
  type FlowEnd,
  type IcmpErrorSeen,
  type Leg,
  type LegSide,
  type Sighting,
} from './flow.ts';
import { Forest } from './forest.ts';

interface Member {
  readonly conversation: Conversation;
  /** The initiator is this conversation's `a`. */
  readonly forwardIsAb: boolean;
}

/**
 * Joins the conversations that carried the same packets into flows, tells the initiator, and orders the legs by the way
 * the packets went: TTLs fall along it, and where they don't, time passes.
 */
export function mergeFlows(table: ConversationTable, forest = linked(table)): Flow[] {
  const groups = new Map<number, { conversation: Conversation; parallel: boolean }[]>();
  for (const conversation of table.conversations) {
    const root = forest.root(conversation.index);
    const parallel = forest.crossed(conversation.index) === 0;
    const group = groups.get(root);
    if (group) group.push({ conversation, parallel });
    else groups.set(root, [{ conversation, parallel }]);
  }
  const flows: Flow[] = [];
  const flowOf = new Map<number, { flow: MutableFlow; forwardIsAb: boolean }>();
  for (const group of groups.values()) {
    const members = orient(group);
    const flow = makeFlow(flows.length, members);
    flows.push(flow);
    for (const member of members)
      flowOf.set(member.conversation.index, { flow, forwardIsAb: member.forwardIsAb });
  }
  for (const error of table.errors) {
    const found = table.lookup(error.protocol, error.source, error.destination);
    const place = found && flowOf.get(found.conversation.index);
    if (!found || !place) continue;
    place.flow.errors.push({
      sighting: error.sighting,
      type: error.type,
      code: error.code,
      from: error.sighting.source,
      quoted: found.fromA === place.forwardIsAb ? 'forward' : 'reply',
    });
  }
  flows.sort((left, right) => left.start - right.start || left.id - right.id);
  return flows.map((flow, id) => ({ ...flow, id }));
}

/** The conversations of which packets were the same: of each, whether its `a` is on the side of its root's `a`. */
export function linked({ conversations, links }: ConversationTable): Forest {
  const forest = new Forest(conversations.length);
  for (const { left, right, parallel } of links) forest.unite(left, right, parallel ? 0 : 1);
  return forest;
}

type MutableFlow = Flow & { readonly errors: IcmpErrorSeen[] };

/** One conversation that knows who began decides for all. */
function orient(group: { conversation: Conversation; parallel: boolean }[]): Member[] {
  const decider =
    group.find(({ conversation }) => conversation.initiator?.certain) ??
    (group.toSorted(
      (left, right) => firstTime(left.conversation) - firstTime(right.conversation),
    )[0] as (typeof group)[0]);
  const isA = (decider.conversation.initiator?.side ?? 'a') === 'a';
  const rootForward = isA === decider.parallel;
  return group.map(({ conversation, parallel }) => ({ conversation, forwardIsAb: parallel === rootForward }));
}

function firstTime(conversation: Conversation): number {
  let time = Number.POSITIVE_INFINITY;
  for (const { ab, ba } of conversation.points.values()) {
    time = Math.min(time, ab.kept[0]?.time ?? time, ba.kept[0]?.time ?? time);
  }
  return time;
}

function makeFlow(id: number, members: readonly Member[]): MutableFlow {
  const legs: Leg[] = [];
  for (const { conversation, forwardIsAb } of members) {
    for (const [point, { ab, ba, attempts }] of conversation.points) {
      // Questions are those of who began; where the whole flow knows better, they were none.
      const asked = attempts && (conversation.initiator?.side === 'a') === forwardIsAb;
      legs.push({
        point,
        client: forwardIsAb ? conversation.a : conversation.b,
        server: forwardIsAb ? conversation.b : conversation.a,
        forward: forwardIsAb ? ab : ba,
        reply: forwardIsAb ? ba : ab,
        ...(asked && { attempts: attempts.runs() }),
      });
    }
  }
  legs.sort(byWay);
  const first = legs[0] as Leg;
  const { conversation } = members[0] as Member;
  return {
    id,
    family: conversation.family,
    protocol: conversation.protocol,
    client: first.client,
    server: first.server,
    start: Math.min(...legs.map(legStart)),
    end: Math.max(...legs.map(legEnd)),
    legs,
    errors: [],
    ...(conversation.tunnel === undefined ? {} : { tunnel: conversation.tunnel }),
    begun: members.some((member) => member.conversation.initiator?.certain),
  };
}

function byWay(left: Leg, right: Leg): number {
  const a = left.forward.kept[0];
  const b = right.forward.kept[0];
  if (a && b) return fallen(a, b) || a.time - b.time;
  const c = left.reply.kept[0];
  const d = right.reply.kept[0];
  if (c && d) return fallen(d, c) || d.time - c.time; // replies pass the legs backwards
  return a ? -1 : 1;
}

/** The TTL at `right` less that at `left`; 0 where one of them isn't told. */
function fallen(left: Sighting, right: Sighting): number {
  return left.ttl === undefined || right.ttl === undefined ? 0 : right.ttl - left.ttl;
}

const times = (side: LegSide) => [side.kept[0]?.time, side.last?.time].filter((time) => time !== undefined);
const legStart = (leg: Leg) => Math.min(...times(leg.forward), ...times(leg.reply));
const legEnd = (leg: Leg) => Math.max(...times(leg.forward), ...times(leg.reply));

/** A flow of which nothing was captured: what diagnosis hangs an attempt on that only dumps or ARP tell of. */
export function unseenFlow(
  id: number,
  family: 4 | 6,
  protocol: number,
  client: FlowEnd,
  server: FlowEnd,
  time: number,
): Flow {
  return { id, family, protocol, client, server, start: time, end: time, legs: [], errors: [], begun: true };
}

/** All packets of one direction over the legs of one point. */
export function sideAt(flow: Flow, point: number, direction: 'forward' | 'reply'): LegSide {
  const sides = flow.legs.filter((leg) => leg.point === point).map((leg) => leg[direction]);
  if (sides.length === 1) return sides[0] as LegSide;
  const sum = emptySide();
  for (const side of sides) {
    sum.packets += side.packets;
    sum.bytes += side.bytes;
    sum.payload += side.payload;
    sum.laps += side.laps;
    sum.kept.push(...side.kept);
  }
  return sum;
}
