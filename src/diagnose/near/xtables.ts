/** An iptables rule as its conditions, each tried alone on the packet. */
import { isUnknown, type Ternary } from '../../base/ternary.ts';
import { protocolName } from '../../net/protocol.ts';
import { fieldsOf } from '../../skb/fields.ts';
import type { Skb } from '../../skb/skb.ts';
import type { NamespaceView } from '../../xtables/context.ts';
import { builtinsMatch, matchUse } from '../../xtables/evaluate.ts';
import { isUnparsed } from '../../xtables/extension.ts';
import type { MultiportInfo } from '../../xtables/matches/multiport.ts';
import { findMatch } from '../../xtables/matches.ts';
import type { AddressMatch, MatchUse, Rule, Ruleset, TableName } from '../../xtables/rule.ts';
import { type PortTest, portHolds } from '../../xtables/values/ports.ts';
import type { Condition, Field } from './condition.ts';
import type { StoppedPacket } from './packet.ts';

export interface XtAsked {
  readonly packet: StoppedPacket;
  readonly table: TableName;
  readonly backend: Ruleset['backend'];
  readonly namespace: NamespaceView;
}

/** In the order of the rule. Undefined: not all of them can be told from what is known of the packet. */
export function xtConditions(rule: Rule, asked: XtAsked): Condition[] | undefined {
  const conditions: Condition[] = builtins(rule, asked);
  for (const use of rule.matches) {
    if (use.name === 'comment') continue;
    const parts = conditionsOfMatch(use, rule, asked);
    if (!parts) return undefined;
    conditions.push(...parts);
  }
  return rule.fragment ? undefined : conditions;
}

/** What ip_packet_match() looks at. */
function builtins(rule: Rule, asked: XtAsked): Condition[] {
  const { source, destination, in: iif, out: oif, protocol } = rule;
  const of = (one: Partial<Rule>, condition: Omit<Condition, 'holds'>): Condition => {
    const bare = { matches: [], text: rule.text, span: rule.span, ...one };
    const holds = (skb: Skb) => builtinsMatch(bare, contextOf(rule, asked, skb)) === true;
    return { ...condition, holds: holds(asked.packet.skb), ...isAsked(asked, holds) };
  };
  return [
    ...(source ? [of({ source }, address('source', '-s', rule, source))] : []),
    ...(destination ? [of({ destination }, address('destination', '-d', rule, destination))] : []),
    ...(iif ? [of({ in: iif }, device('in', '-i', iif))] : []),
    ...(oif ? [of({ out: oif }, device('out', '-o', oif))] : []),
    ...(protocol
      ? [
          of(
            { protocol },
            {
              fields: ['protocol'],
              text: () => `${not(protocol)}-p ${protocolName(protocol.protocol)}`,
              inverted: protocol.invert,
              exact: false,
            },
          ),
        ]
      : []),
  ];
}

const not = ({ invert }: { readonly invert: boolean }) => (invert ? '! ' : '');

function address(
  field: Field,
  option: string,
  { text }: Rule,
  { invert, mask }: AddressMatch,
): Omit<Condition, 'holds'> {
  const exact = typeof mask === 'number' ? mask >>> 0 === 0xffffffff : mask === (1n << 128n) - 1n;
  // As it is written: a mask need not be a prefix, and a list made several rules of one.
  const said = () => new RegExp(`(?:! )?(?<=^|\\s)${option} \\S+`).exec(text)?.[0] ?? option;
  return { fields: [field], text: said, inverted: invert, exact };
}

function device(field: Field, option: string, match: NonNullable<Rule['in']>): Omit<Condition, 'holds'> {
  const text = () => `${not(match)}${option} ${match.name}${match.wildcard ? '+' : ''}`;
  return { fields: [field], text, inverted: match.invert, exact: false };
}

function isAsked({ packet }: XtAsked, holds: (skb: Skb) => boolean): { readonly isAsked?: true } {
  return packet.asked && holds(packet.asked) ? { isAsked: true } : {};
}

/** Matches that remember packets are not tried. */
const NOTHING = { rule: new Map(), shared: new Map() };

function contextOf(rule: Rule, { packet, table, backend, namespace }: XtAsked, skb: Skb) {
  return { skb, hook: packet.hook, table, rule, backend, namespace, state: NOTHING, hotdrop: false };
}

function conditionsOfMatch(use: MatchUse, rule: Rule, asked: XtAsked): Condition[] | undefined {
  if (isUnparsed(use.info)) return undefined;
  switch (use.name) {
    case 'tcp':
    case 'udp':
    case 'udplite':
      return portConditions(use, asked);
    case 'multiport':
      return multiport(use, asked);
    default:
      return whole(use, rule, asked);
  }
}

interface TransportInfo {
  readonly source?: PortTest;
  readonly destination?: PortTest;
  readonly flags?: { readonly invert: boolean; readonly mask: number; readonly compare: number };
  readonly option?: unknown;
}

/** By the packet's own ports, whatever its protocol: `-p` asks for that. */
function portConditions(use: MatchUse, { packet }: XtAsked): Condition[] | undefined {
  const info = use.info as TransportInfo;
  const { sourcePort, destinationPort, tcpFlags } = fieldsOf(packet.skb);
  const conditions: Condition[] = [];
  const of = (key: 'source' | 'destination', port: number | undefined) => {
    const test = info[key];
    if (!test) return;
    const before = key === 'destination' && packet.asked && fieldsOf(packet.asked).destinationPort;
    conditions.push({
      holds: port !== undefined && portHolds(test, port),
      fields: [`${key} port`],
      text: () => printed(use, { [key]: test }, packet.skb),
      inverted: test.invert,
      exact: isNarrow(test),
      ...(typeof before === 'number' && portHolds(test, before) && { isAsked: true }),
    });
  };
  of('source', sourcePort);
  of('destination', destinationPort);
  if (info.option !== undefined) return undefined;
  if (info.flags) {
    const { flags } = info;
    // Of a connection that is open, packets have many.
    if (tcpFlags === undefined || isOpen(packet)) return undefined;
    conditions.push({
      holds: ((tcpFlags & flags.mask) === flags.compare) !== flags.invert,
      fields: ['flags'],
      text: () => printed(use, { flags }, packet.skb),
      inverted: flags.invert,
      exact: false,
    });
  }
  return conditions;
}

/** A rule for a handful of ports is about those. */
function isNarrow({ min, max, invert }: PortTest): boolean {
  return !invert && max - min < 100;
}

export function isOpen({ skb, direction }: StoppedPacket): boolean {
  return direction === 'forward' && skb.conntrack?.state === 'ESTABLISHED';
}

function multiport(use: MatchUse, { packet }: XtAsked): Condition[] {
  const { which, invert, ports } = use.info as MultiportInfo;
  const names = (port: number | undefined) =>
    port !== undefined && ports.some(({ min, max }) => port >= min && port <= max);
  const hits = (skb: Skb) => {
    const { sourcePort, destinationPort } = fieldsOf(skb);
    if (destinationPort === undefined) return false;
    const hit = (which !== 'dports' && names(sourcePort)) || (which !== 'sports' && names(destinationPort));
    return hit !== invert;
  };
  return [
    {
      holds: hits(packet.skb),
      fields: [which === 'sports' ? 'source port' : 'destination port'],
      text: () => printed(use, use.info, packet.skb),
      inverted: invert,
      exact: !invert,
      ...(packet.asked && hits(packet.asked) && { isAsked: true }),
    },
  ];
}

/** Matches of one question. Others remember packets, or ask for what is not known of this one. */
const WHOLE: Readonly<Record<string, Field>> = {
  icmp: 'icmp',
  icmp6: 'icmp',
  state: 'state',
  conntrack: 'state',
  mark: 'mark',
  set: 'set',
};

function whole(use: MatchUse, rule: Rule, asked: XtAsked): Condition[] | undefined {
  const field = WHOLE[use.name];
  if (field === undefined || (field === 'state' && !asked.packet.isTracked)) return undefined;
  if (use.name === 'conntrack' && !asksForState(use.info, asked.packet)) return undefined;
  const isIcmp = field === 'icmp' && fieldsOf(asked.packet.skb).icmpType === undefined;
  const holds: Ternary = isIcmp ? false : matchUse(use, contextOf(rule, asked, asked.packet.skb));
  if (isUnknown(holds)) return undefined;
  const text = () => printed(use, use.info, asked.packet.skb);
  const inverted = (use.info as { readonly invert?: boolean }).invert === true;
  return [{ holds, fields: [field], text, inverted, exact: field === 'set' }];
}

/** Of a connection conntrack's state is known, and its NAT where it is new. */
function asksForState(info: unknown, { skb }: StoppedPacket): boolean {
  const { state, addresses, ports, ...rest } = info as {
    readonly state?: { readonly value: readonly string[] };
    readonly addresses: object;
    readonly ports: object;
  };
  const others = [addresses, ports, rest].some((each) => Object.keys(each).length > 0);
  const nat = state?.value.some((each) => each === 'SNAT' || each === 'DNAT') ?? false;
  return state !== undefined && !others && (!nat || skb.conntrack?.state !== 'ESTABLISHED');
}

function printed({ name }: MatchUse, info: unknown, { family }: Skb): string {
  return findMatch(name, family)?.print(info, { family }).join(' ') ?? name;
}
