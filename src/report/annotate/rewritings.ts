/** NAT, where the captures show it: packets that pass a point with other ends than at the one before. */
import { printable } from '../../base/printable.ts';
import type { FlowDirection, FlowEnd } from '../../correlate/flow.ts';
import type { Point } from '../../correlate/points.ts';
import { formatEndpoint, formatIp } from '../../net/ip.ts';
import { hasPorts } from '../../net/protocol.ts';

export interface RewrittenFlow {
  readonly id: number;
  readonly protocol: number;
  readonly legs: readonly RewrittenLeg[];
}

interface RewrittenLeg {
  readonly point: number;
  readonly client: FlowEnd;
  readonly server: FlowEnd;
  readonly forward: { readonly packets: number } | number;
  readonly reply: { readonly packets: number } | number;
  /** Of packets that nothing has rewritten: they had those ends from the start. */
  readonly own?: boolean;
}

/** A translation that packets show: of which end, between which points, from what to what. */
export interface Translation {
  readonly protocol: number;
  readonly manip: 'src' | 'dst';
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  readonly before: number;
  readonly point: number;
}

/** What names the rule that did it: ` by nat POSTROUTING rule 1 …`, or nothing. */
export type NatNaming = (translation: Translation) => string;

/** By direction and the leg's index, for those legs on which it shows first. */
export function rewritings(
  flow: RewrittenFlow,
  points: readonly Point[],
  naming: NatNaming,
): ReadonlyMap<string, string> {
  const said = new Map<string, string>();
  eachRewriting(flow, (direction, index, before, leg) => {
    const text = describe(flow, before, leg, direction, points, naming);
    if (text !== '') said.set(`${direction} ${index}`, text);
  });
  return said;
}

function eachRewriting(
  flow: RewrittenFlow,
  tell: (direction: FlowDirection, index: number, before: RewrittenLeg, leg: RewrittenLeg) => void,
): void {
  const { legs } = flow;
  for (const direction of ['forward', 'reply'] as const) {
    let before: RewrittenLeg | undefined;
    let origin: RewrittenLeg | undefined;
    for (let i = 0; i < legs.length; i++) {
      const index = direction === 'forward' ? i : legs.length - 1 - i;
      const leg = legs[index];
      if (!leg || countOf(leg[direction]) === 0 || leg.own) continue;
      // What is inside a tunnel, or shown by a trace alone, is the same packet at another place.
      const isChanged = before && !isAlike(before, leg);
      // With the ends that it began with again a packet has passed NAT by.
      if (before && isChanged && origin && isAlike(origin, leg)) continue;
      if (before && isChanged) tell(direction, index, before, leg);
      origin ??= leg;
      before = leg;
    }
  }
}

/** The translations of a flow's requests. */
export function translationsOf(flow: RewrittenFlow): Translation[] {
  const found: Translation[] = [];
  eachRewriting(flow, (direction, _, before, leg) => {
    if (direction !== 'forward') return;
    for (const end of ['client', 'server'] as const) {
      if (!isEqual(before[end], leg[end])) found.push(translation(flow, before, leg, end));
    }
  });
  return found;
}

function translation(
  { protocol }: RewrittenFlow,
  before: RewrittenLeg,
  leg: RewrittenLeg,
  end: 'client' | 'server',
): Translation {
  return {
    protocol,
    manip: end === 'client' ? 'src' : 'dst',
    from: before[end],
    to: leg[end],
    before: before.point,
    point: leg.point,
  };
}

function countOf(side: { readonly packets: number } | number): number {
  return typeof side === 'number' ? side : side.packets;
}

function isAlike(one: RewrittenLeg, other: RewrittenLeg): boolean {
  return isEqual(one.client, other.client) && isEqual(one.server, other.server);
}

function isEqual(one: FlowEnd, other: FlowEnd): boolean {
  return one.address === other.address && one.port === other.port;
}

function describe(
  flow: RewrittenFlow,
  before: RewrittenLeg,
  leg: RewrittenLeg,
  direction: FlowDirection,
  points: readonly Point[],
  naming: NatNaming,
): string {
  const text = (end: FlowEnd): string =>
    hasPorts(flow.protocol)
      ? formatEndpoint(end.address, end.port)
      : end.port === 0
        ? formatIp(end.address)
        : `${formatIp(end.address)} id ${end.port}`;
  const parts: string[] = [];
  for (const end of ['client', 'server'] as const) {
    if (isEqual(before[end], leg[end])) continue;
    // An echo's identifier is kept as the port of both ends.
    if (end === 'server' && before.server.address === leg.server.address && !hasPorts(flow.protocol))
      continue;
    const field = (end === 'client') === (direction === 'forward') ? 'source' : 'destination';
    const kind = end === 'client' ? 'SNAT' : 'DNAT';
    const by =
      direction === 'forward'
        ? `${kind}${naming(translation(flow, before, leg, end))}`
        : `conntrack takes the ${kind} back`;
    parts.push(`${field} ${text(before[end])} -> ${text(leg[end])} (${by})`);
  }
  if (parts.length === 0) return '';
  const since = points[before.point];
  const where = since ? ` since ${since.namespace}:${since.interface}` : '';
  return printable(`rewritten${where}: ${parts.join(', ')}; flow ${flow.id}`);
}
