/** NAT rules of nftables' own tables: what keeps one from a packet it seems to be meant for, and commands in nft's words. */
import type { Ip } from '../net/ip.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { NftContext } from '../nft/context.ts';
import type { Expression } from '../nft/expression.ts';
import { matches } from '../nft/match.ts';
import { printStatement } from '../nft/print/statement.ts';
import type { NftChain, NftHook, NftRule, NftTable } from '../nft/ruleset.ts';
import { createNftState } from '../nft/state.ts';
import type { Nat, Statement } from '../nft/statement.ts';
import { buildSkb } from '../skb/build.ts';
import { BLIND } from './blind.ts';
import { type Case, netnsOf } from './case.ts';
import type { Finding } from './finding.ts';

export interface NftNatRule {
  readonly table: NftTable;
  readonly chain: NftChain;
  readonly rule: NftRule;
  readonly nat: Nat;
  readonly place: NonNullable<Finding['rule']>;
}

/** The packet where the rule is asked. */
export interface AskedPacket {
  readonly source: Ip;
  readonly destination: Ip;
  readonly in?: string | undefined;
  readonly out?: string | undefined;
}

/** A comparison of the rule that doesn't hold for the packet, as nft prints it. */
export interface FailedMatch {
  readonly statement: Extract<Statement, { kind: 'match' }>;
  readonly text: string;
}

const KINDS = {
  prerouting: new Set(['dnat', 'redirect']),
  postrouting: new Set(['snat', 'masquerade']),
} as const;

/** Of a hook's chains and those they jump to; tables that iptables-nft made are not among them. */
export function nftNatRules(kase: Case, namespace: string, hook: keyof typeof KINDS): NftNatRule[] {
  return natTables(kase, namespace).flatMap((table) =>
    table.chains.flatMap((chain) =>
      chain.base && !isNatBase(chain, hook)
        ? []
        : chain.rules.flatMap((rule, index) => {
            const nat = rule.statements.find((each): each is Nat => each.kind === 'nat');
            if (!nat || !KINDS[hook].has(nat.type as never)) return [];
            return [{ table, chain, rule, nat, place: placeOf(kase, table, chain, rule, index) }];
          }),
    ),
  );
}

function natTables(kase: Case, namespace: string): NftTable[] {
  const own = kase.flow.family === 4 ? 'ip' : 'ip6';
  return (netnsOf(kase, namespace)?.nft?.tables ?? []).filter(
    ({ family, iptables }) => !iptables && (family === own || family === 'inet'),
  );
}

const isNatBase = ({ base }: NftChain, hook: NftHook) => base?.type === 'nat' && base.hook === hook;

function placeOf(
  { flow }: Case,
  { family, name }: NftTable,
  chain: NftChain,
  { text, span }: NftRule,
  index: number,
): NftNatRule['place'] {
  const table = `${family} ${name}`;
  return {
    family: flow.family,
    table,
    chain: chain.name,
    number: index + 1,
    text,
    path: span.path,
    line: span.line,
  };
}

/** The comparisons that fail for a packet of the flow; what only the kernel could tell counts as holding. */
export function failedMatches(
  kase: Case,
  { table, rule }: Pick<NftNatRule, 'table' | 'rule'>,
  hook: NftHook,
  packet: AskedPacket,
  protocol = kase.flow.protocol,
): FailedMatch[] {
  const { client, server, start, family } = kase.flow;
  const icmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp'];
  const skb = {
    ...buildSkb({
      source: packet.source,
      destination: packet.destination,
      protocol,
      ...(!icmp && { sourcePort: client.port, destinationPort: server.port }),
      time: start,
    }),
    in: packet.in,
    out: packet.out,
  };
  const ctx: NftContext = {
    skb,
    pf: family === 4 ? 'ip' : 'ip6',
    hook,
    table,
    extra: 0,
    namespace: BLIND,
    state: createNftState(),
  };
  const print = { family: table.family, chains: new Map(), stateful: false };
  return rule.statements.flatMap((statement) =>
    statement.kind === 'match' && isOfThePacket(statement.left) && matches(ctx, statement) === false
      ? [{ statement, text: printStatement(statement, print) }]
      : [],
  );
}

/** Not of its connection, a route or a socket. */
function isOfThePacket(left: Expression): boolean {
  if (left.kind === 'concat') return left.parts.every(isOfThePacket);
  return left.kind === 'payload' || left.kind === 'meta';
}

/** Which field of the packet a comparison asks for: `dport`, `saddr`, `oifname` … */
export function fieldOf({ statement: { left } }: FailedMatch): string | undefined {
  if (left.kind === 'payload') return left.header?.field;
  return left.kind === 'meta' ? left.key : undefined;
}

/** Does the rule ask for a port of the destination? */
export function asksForPort({ rule }: NftNatRule): boolean {
  return rule.statements.some(
    (each) => each.kind === 'match' && each.left.kind === 'payload' && each.left.header?.field === 'dport',
  );
}

/**
 * The nat chain of nft at a hook where a rule of ours would be asked first; undefined where iptables has nat rules there, or nft
 * has no such chain.
 */
export function nftNatChain(kase: Case, namespace: string, hook: keyof typeof KINDS): string | undefined {
  const netns = netnsOf(kase, namespace);
  const rulesets = (kase.flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  const chain = hook.toUpperCase();
  if (rulesets.some(({ tables }) => (tables.get('nat')?.chains.get(chain)?.rules.length ?? 0) > 0))
    return undefined;
  for (const { family, name, chains } of natTables(kase, namespace)) {
    const base = chains.find((each) => isNatBase(each, hook));
    if (base) return `${family} ${name} ${base.name}`;
  }
  return undefined;
}
