/** Rules that would have accepted a packet that died at a rule or policy, but for one of their conditions. */

import { createSets } from '../ipset/sets.ts';
import type { Ip } from '../net/ip.ts';
import type { DecidingStep, Trace } from '../netstack/hop.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import type { NamespaceView } from '../xtables/context.ts';
import type { Hook } from '../xtables/rule.ts';
import { BLIND } from './blind.ts';
import { type Case, modelDrop, netnsOf } from './case.ts';
import { type Condition, onlyFailing } from './near/condition.ts';
import { tellingness } from './near/meant.ts';
import { nftConditions } from './near/nft.ts';
import { type StoppedPacket, stoppedPacket, whatItHas } from './near/packet.ts';
import { type WalkedChain, walkedChains } from './near/walk.ts';
import { xtConditions } from './near/xtables.ts';

/** A rule that would have accepted a packet but for one condition. */
export interface NearRule {
  namespace: string;
  /** Of the walk that ended the packet: `FORWARD`; of nft's chains `forward`. */
  hook: string;
  /** Of an nft table. */
  family?: string;
  table: string;
  chain: string;
  /** From 1 within the chain. */
  number: number;
  text: string;
  path: string;
  line: number;
  /** The condition that doesn't hold, as the rule has it, and what the packet has instead. */
  condition: string;
  instead: string;
}

/** So many are worth reading. */
const SHOWN = 5;

/**
 * Of the chains that the packet went through before it was stopped, the most telling first. Only conditions that can be told of a packet
 * by its path are tried: a rule with others is passed over.
 */
export function nearRules(kase: Case): NearRule[] {
  const drop = modelDrop(kase);
  const netns = drop && netnsOf(kase, drop.namespace);
  if (!netns) return [];
  const { trace, direction } = drop;
  const { address, port } = kase.flow.legs[0]?.server ?? kase.flow.server;
  return nearMisses(netns, trace, { direction, asked: { address, port }, time: kase.flow.start })
    .filter(({ weight }) => weight > 0)
    .toSorted((left, right) => right.weight - left.weight)
    .slice(0, SHOWN)
    .map(({ near }) => near);
}

export interface NearMiss {
  readonly near: NearRule;
  /** How much speaks for it that the packet was meant; 0: nothing. */
  readonly weight: number;
}

interface SentPacket {
  readonly direction: 'forward' | 'reply';
  /** Whom the client addressed. */
  readonly asked: { readonly address: Ip; readonly port: number };
  /** Epoch seconds. */
  readonly time: number;
}

/** All rules that the packet of a path was asked and that would have accepted it but for one condition, in the order of the walk. */
export function nearMisses(netns: Netns, trace: Trace, { direction, asked, time }: SentPacket): NearMiss[] {
  const { rule: deciding, hops, final, namespace } = trace;
  const hop = hops.findLast((each) => !each.copy);
  if (!deciding || !hop) return [];
  const packet = stoppedPacket({
    header: final,
    hop,
    hook: deciding.hook.toUpperCase() as Hook,
    direction,
    time,
    isFromBridge: netns.links?.some(({ name, kind }) => name === hop.in && kind === 'bridge') ?? false,
    // The answer is addressed to whom the server saw.
    ...(direction === 'forward' && { asked }),
  });
  if (!packet) return [];
  return nearOf(netns, deciding, walkedChains(hop.steps, deciding), packet).map(({ near, weight }) => ({
    near: { namespace, hook: deciding.hook, ...near },
    weight,
  }));
}

interface Weighed {
  readonly near: Omit<NearRule, 'namespace' | 'hook'>;
  readonly weight: number;
}

function nearOf(
  netns: Netns,
  deciding: DecidingStep,
  walked: readonly WalkedChain[],
  packet: StoppedPacket,
): Weighed[] {
  if (deciding.kind === 'nft-rule' || deciding.kind === 'nft-policy')
    return nearOfNft(netns, deciding, walked, packet);
  const rulesets = (packet.skb.family === 4 ? netns.rulesets4 : netns.rulesets6) ?? [];
  const ruleset = rulesets.find(({ path, tables }) =>
    deciding.path === undefined ? tables.has(deciding.table) : path === deciding.path,
  );
  const { table } = deciding;
  if (!ruleset) return [];
  const asked = { packet, table, backend: ruleset.backend, namespace: viewOf(netns) };
  return walked.flatMap(({ chain, until }) => {
    const rules = ruleset.tables.get(table)?.chains.get(chain)?.rules ?? [];
    return rules.slice(0, until).flatMap((rule, index) => {
      if (rule.target?.kind !== 'verdict' || rule.target.verdict !== 'ACCEPT') return [];
      const { text, span } = rule;
      const at = { table, chain, number: index + 1, text, path: span.path, line: span.line };
      return weighed(at, xtConditions(rule, asked), packet);
    });
  });
}

function nearOfNft(
  netns: Netns,
  deciding: Extract<DecidingStep, { kind: 'nft-rule' | 'nft-policy' }>,
  walked: readonly WalkedChain[],
  packet: StoppedPacket,
): Weighed[] {
  const { family, table: name } = deciding;
  // Chains of bridges and devices see frames, which a path tells less of.
  if (family !== 'ip' && family !== 'ip6' && family !== 'inet') return [];
  const table = netns.nft?.tables.find((each) => each.family === family && each.name === name);
  if (!table) return [];
  const deviceName = (index: number) => netns.links?.find((link) => link.index === index)?.name;
  return walked.flatMap(({ chain, until }) => {
    const rules = table.chains.find((each) => each.name === chain)?.rules ?? [];
    return rules.slice(0, until).flatMap((rule, index) => {
      const { text, span } = rule;
      const at = { family, table: name, chain, number: index + 1, text, path: span.path, line: span.line };
      return weighed(at, nftConditions(rule, { packet, table, deviceName }), packet);
    });
  });
}

function weighed(
  at: Omit<Weighed['near'], 'condition' | 'instead'>,
  conditions: readonly Condition[] | undefined,
  packet: StoppedPacket,
): Weighed[] {
  const failing = conditions && onlyFailing(conditions);
  const weight = failing ? tellingness(failing, conditions, packet) : 0;
  if (!failing) return [];
  const instead = [...new Set(failing.fields.map((field) => whatItHas(field, packet)))].join(', ');
  return [{ near: { ...at, condition: failing.text(), instead }, weight }];
}

/** Of the namespace the sets are known, as they were dumped. */
function viewOf(netns: Netns): NamespaceView {
  if (!netns.ipsets) return BLIND;
  const sets = createSets(netns.name, netns.ipsets);
  return {
    ...BLIND,
    setContains: (name, directions, skb, options) => {
      const query = { returnNomatch: false, skipCounters: true, skipSubcounters: true, exist: false };
      return sets.test(name, { ...query, found: undefined, directions, skb, ...options });
    },
  };
}
