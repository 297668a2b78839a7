/** Rules that let some of the traffic through and stop the rest: limits of rate, number or share. */

import { once } from '../base/memo.ts';
import type { Hop } from '../netstack/hop.ts';
import type { NftChain, NftHook, NftRule, NftTable } from '../nft/ruleset.ts';
import type { Statement } from '../nft/statement.ts';
import type { Chain, Rule } from '../xtables/rule.ts';
import { type Case, netnsOf } from './case.ts';
import type { Finding } from './finding.ts';
import { failedMatches } from './nft-nat.ts';

/** Matches whose outcome hangs on what came before. */
export const LIMITED = /-m (?:limit|hashlimit|connlimit|quota|recent|statistic)\b/;

export interface LimitingRule {
  readonly namespace: string;
  readonly place: NonNullable<Finding['rule']>;
  /** Packets that exceeded it by the counters: its own, or of what is behind it. 0 where nobody counted. */
  readonly counted: number;
  /** It stops what exceeds it by itself; otherwise it accepts what doesn't. */
  readonly stops: boolean;
}

/**
 * On the way of a flow that gets through by the model: a limited rule that accepts it, or one in front of the rule that does, in the
 * same chain, which stops what exceeds it; of nft's own tables any limited rule of a chain on the way that fits.
 */
export function limitsOnTheWay(kase: Case): LimitingRule[] {
  return (kase.prediction?.there.hops ?? []).flatMap((hop) => [
    ...iptablesLimits(kase, hop),
    ...nftLimits(kase, hop),
  ]);
}

function iptablesLimits({ flow, snapshot }: Case, { namespace, steps }: Hop): LimitingRule[] {
  const netns = snapshot.namespaces.get(namespace);
  const rulesets = (flow.family === 4 ? netns?.rulesets4 : netns?.rulesets6) ?? [];
  return steps.flatMap((step) => {
    if (step.kind !== 'rule' || step.target !== 'ACCEPT') return [];
    const ruleset = rulesets.find(({ path }) => step.path === undefined || path === step.path);
    const chain = ruleset?.tables.get(step.table)?.chains.get(step.chain);
    if (!ruleset || !chain) return [];
    return limitedOf(chain).flatMap((at): LimitingRule[] => {
      const rule = chain.rules[at] as Rule;
      const accepts = at === step.number - 1;
      const stops = STOPS.test(rule.text) && mayBe(rule, flow.protocol);
      if (at >= step.number || (!accepts && !stops)) return [];
      const { table, chain: name } = step;
      return [
        {
          namespace,
          place: {
            family: flow.family,
            table,
            chain: name,
            number: at + 1,
            text: rule.text,
            path: ruleset.path,
            line: rule.span.line,
          },
          counted: Number((accepts ? stoppedBehind(chain, step.number) : rule.counters?.packets) ?? 0),
          stops: !accepts,
        },
      ];
    });
  });
}

/** Indexes of the chain's limited rules. */
const limitedOf = once(({ rules }: Chain): readonly number[] =>
  rules.flatMap(({ text }, at) => (LIMITED.test(text) ? [at] : [])),
);

const STOPS = /-j (?:DROP|REJECT)\b/;

/** What exceeds a rule ends at a DROP behind it, or at the policy. */
function stoppedBehind({ rules, policy, counters }: Chain, number: number): number | undefined {
  const behind = rules.slice(number).find(({ text }) => STOPS.test(text));
  return behind?.counters?.packets ?? (policy === 'DROP' ? counters?.packets : undefined);
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, 'ipv6-icmp': 58, sctp: 132 };

/** Not for another protocol. */
function mayBe({ text }: Rule, protocol: number): boolean {
  const named = /(?<!! )-p (\S+)/.exec(text)?.[1];
  return named === undefined || (PROTOCOLS[named] ?? protocol) === protocol;
}

function nftLimits(kase: Case, hop: Hop): LimitingRule[] {
  const { flow } = kase;
  const own = flow.family === 4 ? 'ip' : 'ip6';
  const tables = netnsOf(kase, hop.namespace)?.nft?.tables ?? [];
  const hooks = hop.out === undefined ? ['prerouting', 'input'] : ['prerouting', 'forward', 'postrouting'];
  return tables
    .filter(({ family, iptables }) => !iptables && (family === own || family === 'inet'))
    .flatMap((table) =>
      table.chains
        .filter(({ base }) => base && hooks.includes(base.hook))
        .flatMap((chain) =>
          reached(table, chain).flatMap((each) =>
            each.rules.flatMap((rule, index) => limiting(kase, hop, table, [chain, each], rule, index)),
          ),
        ),
    );
}

/** The base chain, and those its rules jump to, once each. */
function reached(table: NftTable, base: NftChain): NftChain[] {
  const found = new Set([base]);
  for (const chain of found) {
    for (const { text } of chain.rules) {
      const name = /\b(?:jump|goto) ([\w.-]+)$/.exec(text)?.[1];
      const next = table.chains.find((each) => each.name === name);
      if (next) found.add(next);
    }
  }
  return [...found];
}

function limiting(
  kase: Case,
  hop: Hop,
  table: NftTable,
  [base, chain]: readonly [NftChain, NftChain],
  rule: NftRule,
  index: number,
): LimitingRule[] {
  const stops = rule.statements.some(
    (each) => each.kind === 'reject' || (each.kind === 'verdict' && each.verdict.kind === 'drop'),
  );
  const accepts = rule.statements.some((each) => each.kind === 'verdict' && each.verdict.kind === 'accept');
  if ((!stops && !accepts) || !rule.statements.some(isLimit)) return [];
  const { client, server } = kase.flow;
  const packet = { source: client.address, destination: server.address, in: hop.in, out: hop.out };
  const hook = base.base?.hook as NftHook;
  if (failedMatches(kase, { table, rule }, hook, packet).length > 0) return [];
  const counter = rule.statements.find((each) => each.kind === 'counter');
  return [
    {
      namespace: hop.namespace,
      place: {
        family: kase.flow.family,
        table: `${table.family} ${table.name}`,
        chain: chain.name,
        number: index + 1,
        text: rule.text,
        path: rule.span.path,
        line: rule.span.line,
      },
      counted: counter?.kind === 'counter' ? (counter.packets ?? 0) : 0,
      stops,
    },
  ];
}

/** By itself, or for each element of a set that it fills. */
function isLimit(statement: Statement): boolean {
  switch (statement.kind) {
    case 'limit':
    case 'ct count':
    case 'quota':
      return true;
    case 'meter':
      return statement.statements.some(isLimit);
    case 'update':
      return (statement.element.statements ?? []).some(isLimit);
    default:
      return false;
  }
}
