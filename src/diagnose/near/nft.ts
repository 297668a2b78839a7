/** A rule of nft's own tables as its conditions, each tried alone on the packet. */
import { isUnknown, type Ternary } from '../../base/ternary.ts';
import type { NftContext } from '../../nft/context.ts';
import { findIn } from '../../nft/evaluate.ts';
import type { Expression } from '../../nft/expression.ts';
import { matches } from '../../nft/match.ts';
import { printStatement } from '../../nft/print/statement.ts';
import type { NftHook, NftRule, NftTable } from '../../nft/ruleset.ts';
import { createNftState } from '../../nft/state.ts';
import type { Statement } from '../../nft/statement.ts';
import { fieldsOf } from '../../skb/fields.ts';
import type { Skb } from '../../skb/skb.ts';
import { BLIND } from '../blind.ts';
import type { Condition, Field } from './condition.ts';
import type { StoppedPacket } from './packet.ts';
import { isOpen } from './xtables.ts';

export interface NftAsked {
  readonly packet: StoppedPacket;
  readonly table: NftTable;
  /** Of `iif 2`. */
  readonly deviceName: (index: number) => string | undefined;
}

type Match = Extract<Statement, { kind: 'match' }>;
type VerdictMap = Extract<Statement, { kind: 'vmap' }>;

/** Of a rule that accepts, in its order. Undefined: it doesn't, or not all of it can be told from what is known of the packet. */
export function nftConditions({ statements }: NftRule, asked: NftAsked): Condition[] | undefined {
  const conditions: Condition[] = [];
  for (const statement of statements) {
    switch (statement.kind) {
      case 'match': {
        const condition = conditionOf(statement, asked);
        if (!condition) return undefined;
        conditions.push(condition);
        break;
      }
      case 'vmap': {
        const condition = conditionOfMap(statement, asked);
        return condition && [...conditions, condition];
      }
      case 'verdict':
        return statement.verdict.kind === 'accept' ? conditions : undefined;
      case 'counter':
      case 'last':
      case 'log':
      case 'set':
        break;
      default:
        return undefined;
    }
  }
  return undefined;
}

function conditionOf(match: Match, asked: NftAsked): Condition | undefined {
  const { left, right, op } = match;
  const { packet, table } = asked;
  if (!isTold(left, packet) || isChanging(right, table)) return undefined;
  const holds = matches(contextOf(asked, packet.skb), match);
  if (isUnknown(holds)) return undefined;
  const inverted = op === '!=' || op === '!';
  return {
    holds,
    text: () => textOf(match, asked),
    inverted,
    exact: !inverted && isExact(right),
    ...fieldsAsked(left, holds, asked, (own) => matches(own, { ...match, left: withoutProtocol(left) })),
    ...(packet.asked && matches(contextOf(asked, packet.asked), match) === true && { isAsked: true }),
  };
}

/** A map without the packet's key would have to have it; one that has it accepts, or the rule is none of those that do. */
function conditionOfMap(statement: VerdictMap, asked: NftAsked): Condition | undefined {
  const { key, data } = statement;
  const { packet, table } = asked;
  if (!isTold(key, packet) || isChanging(data, table) || !accepts(data, table)) return undefined;
  const found = (skb: Skb) => findIn(contextOf(asked, skb), key, data);
  const own = found(packet.skb);
  if (own !== undefined && (isUnknown(own) || !isAccept(own.data))) return undefined;
  const before = packet.asked && found(packet.asked);
  return {
    holds: own !== undefined,
    text: () => textOf(statement, asked),
    inverted: false,
    exact: true,
    ...fieldsAsked(key, own !== undefined, asked, (ctx) => {
      const there = findIn(ctx, withoutProtocol(key), data);
      return there !== undefined && !isUnknown(there);
    }),
    ...(before !== undefined && !isUnknown(before) && isAccept(before.data) && { isAsked: true }),
  };
}

function isAccept(data: unknown): boolean {
  const { verdict } = (data ?? {}) as { readonly verdict?: { readonly kind: string } };
  return verdict?.kind === 'accept';
}

function accepts(data: Expression, { sets }: NftTable): boolean {
  const elements =
    data.kind === 'set'
      ? data.elements
      : data.kind === 'set-ref'
        ? (sets.find(({ name }) => name === data.name)?.elements ?? [])
        : [];
  return elements.some((each) => each.data?.kind === 'verdict' && each.data.verdict.kind === 'accept');
}

/** Packets add to such a set, and what it held then is not in the dump. */
function isChanging(right: Expression, { sets }: NftTable): boolean {
  return (
    right.kind === 'set-ref' &&
    (sets.find(({ name }) => name === right.name)?.flags.some((flag) => flag === 'dynamic') ?? true)
  );
}

/** `tcp dport` asks for TCP first: what fails is that, where the port itself is right. */
function fieldsAsked(
  left: Expression,
  holds: boolean,
  asked: NftAsked,
  bare: (ctx: NftContext) => Ternary,
): Pick<Condition, 'fields' | 'otherProtocol' | 'isSamePort'> {
  const fields = fieldsOfExpression(left);
  if (holds || !isOfOtherProtocol(left, asked.packet)) return { fields };
  return bare(contextOf(asked, asked.packet.skb)) === true
    ? { fields: ['protocol'], isSamePort: true }
    : { fields: ['protocol', ...fields], otherProtocol: true };
}

const TRANSPORTS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, dccp: 33, sctp: 132, udplite: 136 };

function isOfOtherProtocol(left: Expression, { skb }: StoppedPacket): boolean {
  if (left.kind === 'concat')
    return left.parts.some((part) => isOfOtherProtocol(part, { skb } as StoppedPacket));
  if (left.kind !== 'payload') return false;
  const protocol = TRANSPORTS[left.header?.protocol ?? ''];
  return protocol !== undefined && protocol !== fieldsOf(skb).protocol;
}

function withoutProtocol(left: Expression): Expression {
  if (left.kind === 'concat') return { ...left, parts: left.parts.map(withoutProtocol) };
  if (left.kind !== 'payload' || TRANSPORTS[left.header?.protocol ?? ''] === undefined) return left;
  const { header: _, ...bare } = left;
  return bare;
}

function contextOf({ packet, table, deviceName }: NftAsked, skb: Skb): NftContext {
  return {
    skb,
    pf: skb.family === 4 ? 'ip' : 'ip6',
    hook: packet.hook.toLowerCase() as NftHook,
    table,
    extra: 0,
    namespace: { ...BLIND, deviceName },
    state: createNftState(),
  };
}

function textOf(statement: Statement, { table }: NftAsked): string {
  return printStatement(statement, { family: table.family, chains: new Map(), stateful: false });
}

const PAYLOAD: Readonly<Record<string, Field>> = {
  saddr: 'source',
  daddr: 'destination',
  protocol: 'protocol',
  nexthdr: 'protocol',
  sport: 'source port',
  dport: 'destination port',
  flags: 'flags',
  type: 'icmp',
  code: 'icmp',
};
const HEADERS = new Set(['ip', 'ip6', 'icmp', 'icmpv6', 'th', ...Object.keys(TRANSPORTS)]);
const META: Readonly<Record<string, Field>> = {
  iif: 'in',
  iifname: 'in',
  oif: 'out',
  oifname: 'out',
  l4proto: 'protocol',
  nfproto: 'family',
  protocol: 'family',
  mark: 'mark',
};
const CT: Readonly<Record<string, Field>> = { state: 'state', status: 'status' };

function fieldsOfExpression(left: Expression): Field[] {
  switch (left.kind) {
    case 'concat':
      return left.parts.flatMap(fieldsOfExpression);
    case 'binary':
      return fieldsOfExpression(left.left);
    case 'payload': {
      const field = HEADERS.has(left.header?.protocol ?? '') ? PAYLOAD[left.header?.field ?? ''] : undefined;
      return field ? [field] : [];
    }
    case 'meta':
      return META[left.key] ? [META[left.key] as Field] : [];
    case 'ct':
      return CT[left.key] ? [CT[left.key] as Field] : [];
    default:
      return [];
  }
}

/** Whether the rebuilt packet has it as the packet had: addresses, ports, devices, and what conntrack says of it. */
function isTold(left: Expression, packet: StoppedPacket): boolean {
  if (left.kind === 'concat') return left.parts.every((part) => isTold(part, packet));
  if (left.kind === 'binary')
    return isTold(left.left, packet) && (left.right.kind === 'constant' || left.right.kind === 'list');
  const [field] = fieldsOfExpression(left);
  if (field === 'flags') return !isOpen(packet) && isOfTcp(left);
  if (field === 'state') return packet.isTracked;
  // Of an open connection the path doesn't tell what NAT did when it began.
  if (field === 'status') return packet.skb.conntrack?.state === 'NEW';
  return field !== undefined;
}

function isOfTcp(left: Expression): boolean {
  return left.kind === 'payload' && left.header?.protocol === 'tcp';
}

function isExact(right: Expression): boolean {
  return right.kind === 'constant' || right.kind === 'set' || right.kind === 'set-ref';
}
