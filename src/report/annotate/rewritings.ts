/** NAT, where the captures show it: packets that pass a point with other ends than at the one before. */
import { printable } from '../../base/printable.ts';
import type { FlowDirection, FlowEnd } from '../../correlate/flow.ts';
import type { Case } from '../../diagnose/case.ts';
import { formatEndpoint, formatIp } from '../../net/ip.ts';
import { hasPorts } from '../../net/protocol.ts';
import type { Hop, Step } from '../../netstack/hop.ts';

interface Legs {
  readonly id: number;
  readonly protocol: number;
  readonly legs: readonly {
    readonly point: number;
    readonly client: FlowEnd;
    readonly server: FlowEnd;
    readonly forward: { readonly packets: number } | number;
    readonly reply: { readonly packets: number } | number;
  }[];
}

/** By direction and the leg's index, for those legs on which it shows first. */
export function rewritings({
  flow,
  kase,
}: {
  readonly flow: Legs;
  readonly kase?: Case | undefined;
}): ReadonlyMap<string, string> {
  const said = new Map<string, string>();
  for (const direction of ['forward', 'reply'] as const) {
    const order = flow.legs.map((_, index) => index);
    if (direction === 'reply') order.reverse();
    let before: Legs['legs'][number] | undefined;
    for (const index of order) {
      const leg = flow.legs[index];
      if (!leg || countOf(leg[direction]) === 0) continue;
      // What is inside a tunnel, or shown by a trace alone, is the same packet at another place.
      if (before && !isAlike(before, leg)) {
        const text = describe(flow, before, leg, direction, kase);
        if (text !== '') said.set(`${direction} ${index}`, text);
      }
      before = leg;
    }
  }
  return said;
}

function countOf(side: { readonly packets: number } | number): number {
  return typeof side === 'number' ? side : side.packets;
}

function isAlike(one: Legs['legs'][number], other: Legs['legs'][number]): boolean {
  return isEqual(one.client, other.client) && isEqual(one.server, other.server);
}

function isEqual(one: FlowEnd, other: FlowEnd): boolean {
  return one.address === other.address && one.port === other.port;
}

function describe(
  flow: Legs,
  before: Legs['legs'][number],
  leg: Legs['legs'][number],
  direction: FlowDirection,
  kase: Case | undefined,
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
    const manip = end === 'client' ? 'src' : 'dst';
    const kind = end === 'client' ? 'SNAT' : 'DNAT';
    const by =
      direction === 'forward'
        ? `${kind}${ruleText(ruleOf(kase, manip, formatIp(leg[end].address)))}`
        : `conntrack takes the ${kind} back`;
    parts.push(`${field} ${text(before[end])} -> ${text(leg[end])} (${by})`);
  }
  if (parts.length === 0) return '';
  const since = kase?.correlation.points[before.point];
  const where = since ? ` since ${since.namespace}:${since.interface}` : '';
  return printable(`rewritten${where}: ${parts.join(', ')}; flow ${flow.id}`);
}

type Rule = Extract<Step, { kind: 'rule' | 'nft-rule' }>;

/** The rule that did it, by the model. */
function ruleOf(kase: Case | undefined, manip: 'src' | 'dst', to: string): Rule | undefined {
  for (const { steps } of kase?.prediction?.there.hops ?? ([] as Hop[])) {
    let rule: Rule | undefined;
    for (const step of steps) {
      if (step.kind === 'rule' && step.table === 'nat') rule = step;
      else if (step.kind === 'nft-rule') rule = step;
      else if (step.kind === 'nat' && step.manip === manip && step.to.includes(to)) return rule;
    }
  }
  return undefined;
}

function ruleText(rule: Rule | undefined): string {
  if (!rule) return '';
  const table = rule.kind === 'nft-rule' ? `${rule.family} ${rule.table}` : rule.table;
  const place = rule.path === undefined ? '' : ` (${rule.path}${rule.line ? `:${rule.line}` : ''})`;
  return ` by ${table} ${rule.chain} rule ${rule.number}${place} ${rule.text}`;
}
