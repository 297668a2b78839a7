/** Which cause of the catalogue a dropping or rejecting rule or policy is: the most specific one that fits. */
import { once } from '../../base/memo.ts';
import type { MatchContext } from '../../xtables/context.ts';
import { matchRule } from '../../xtables/evaluate.ts';
import type { Chain, Rule, Table } from '../../xtables/rule.ts';
import { deviceOf } from '../net.ts';
import type { Copy } from '../run.ts';
import type { Decider, TableVerdict } from './verdict.ts';
import { viewOf } from './view.ts';

export function dropCause(copy: Copy, verdict: Extract<TableVerdict, { by: Decider }>): string {
  const { by } = verdict;
  const { skb } = copy;
  const { rule, base } = by;
  if (rule) {
    if (asksForInvalid(rule) && skb.conntrack?.state === 'INVALID') return 'ct-invalid-drop';
    if (bansSource(rule)) return 'flt-ipset-ban';
    if (has(rule, 'rpfilter')) return 'rpf-strict-drop';
    if (isLimited(rule)) return 'flt-rate-limit';
  }
  if (wasLimited(copy, by)) return 'flt-rate-limit';
  const docker = rule && dockerCause(by, rule);
  if (docker) return docker;
  if (base.ruleset.backend === 'legacy' && hasOther(copy, by)) return 'flt-legacy-nft-mix';
  if (base.hook === 'FORWARD') return forwardCause(copy, verdict);
  if (verdict.kind === 'reject') return 'flt-reject';
  if (base.hook === 'OUTPUT') return 'flt-output-drop';
  if (base.hook === 'INPUT') return inputCause(copy);
  return 'flt-rule-drop';
}

function forwardCause(copy: Copy, verdict: Extract<TableVerdict, { by: Decider }>): string {
  const { skb } = copy;
  if (skb.conntrack?.direction === 'reply' && skb.conntrack.state === 'ESTABLISHED') {
    return 'flt-forward-reply-blocked';
  }
  if (verdict.kind === 'reject') return 'flt-reject';
  const { rule } = verdict.by;
  if (copy.bridge?.physout !== undefined) {
    const own = rule?.in?.name === copy.bridge.bridge && rule.out?.name === copy.bridge.bridge;
    return own ? 'flt-icc-off' : 'flt-bridge-nf-drop';
  }
  return rule ? 'flt-rule-drop' : 'flt-forward-policy-drop';
}

/** Containers reach the host through a bridge; outside clients don't. */
function inputCause(copy: Copy): string {
  const name = copy.skb.in;
  if (name === undefined || name === 'lo') return 'flt-input-drop';
  return deviceOf(copy.net, name).kind === 'bridge' ? 'flt-input-blocks-container' : 'flt-input-drop';
}

/** Rules of the shape that dockerd writes, by their chains; and the raw rule of Docker 28 by its form. */
function dockerCause({ chain, base }: Decider, rule: Rule): string | undefined {
  const { name } = chain;
  if (name === 'DOCKER-ISOLATION-STAGE-1' || name === 'DOCKER-INTERNAL') return 'flt-docker-internal';
  if (/^DOCKER-ISOLATION/.test(name)) return 'flt-docker-isolation';
  if (name === 'DOCKER' && base.table.name === 'filter') {
    return rule.in && !rule.in.invert && rule.in.name === rule.out?.name ? 'flt-icc-off' : undefined;
  }
  const direct =
    base.table.name === 'raw' &&
    base.hook === 'PREROUTING' &&
    rule.destination?.invert === false &&
    rule.in?.invert === true;
  return direct ? 'flt-docker-raw-direct' : undefined;
}

/** A set of services, or one of those who alone are let in, bans nobody. */
function bansSource({ text }: Rule): boolean {
  return /(?<!! )--match-set \S+ src\b/.test(text);
}

function hasOther(copy: Copy, by: Decider): boolean {
  const { rulesets } = copy.net.tables[copy.skb.family];
  return rulesets.some((other) => other !== by.base.ruleset && other.tables.size > 0);
}

const LIMITS = ['limit', 'hashlimit', 'connlimit'];

function isLimited(rule: Rule): boolean {
  return LIMITS.some((name) => has(rule, name));
}

/** Did a rule before it let such packets through, but for a limit that is used up? */
function wasLimited(copy: Copy, { base, chain, rule }: Decider): boolean {
  const { net, skb } = copy;
  const limited = limitedRules(chain);
  if (limited.length === 0) return false;
  const end = rule ? chain.rules.indexOf(rule) : chain.rules.length;
  return limited.some((at) => {
    const earlier = chain.rules[at] as Rule;
    if (at >= end || !letsThrough(earlier, base.table)) return false;
    const unlimited = {
      ...earlier,
      matches: earlier.matches.filter(({ name }) => !LIMITS.includes(name)),
    };
    const context: MatchContext = {
      skb,
      hook: base.hook,
      table: base.table.name,
      rule: unlimited,
      backend: base.ruleset.backend,
      namespace: viewOf(net, skb.time),
      state: { rule: new Map(), shared: new Map() },
      hotdrop: false,
    };
    return matchRule(unlimited, context) === true;
  });
}

/** What a limited LOG doesn't match is dropped as what it does. */
function letsThrough({ target }: Rule, table: Table): boolean {
  if (target?.kind === 'jump' || target?.kind === 'goto') return acceptingChains(table).has(target.chain);
  return target?.kind === 'verdict' && (target.verdict === 'ACCEPT' || target.verdict === 'RETURN');
}

/** Chains with an ACCEPT, or with a way to one. */
const acceptingChains = once(({ chains }: Table): ReadonlySet<string> => {
  const accepting = new Set<string>();
  for (let known = -1; known < accepting.size; ) {
    known = accepting.size;
    for (const { name, rules } of chains.values()) if (rules.some(leadsOn)) accepting.add(name);
  }
  return accepting;

  function leadsOn({ target }: Rule): boolean {
    if (target?.kind === 'jump' || target?.kind === 'goto') return accepting.has(target.chain);
    return target?.kind === 'verdict' && target.verdict === 'ACCEPT';
  }
});

/** Indexes in the chain. */
const limitedRules = once(({ rules }: Chain): readonly number[] =>
  rules.flatMap((rule, at) => (isLimited(rule) ? [at] : [])),
);

function has(rule: Rule, name: string): boolean {
  return rule.matches.some((match) => match.name === name);
}

function asksForInvalid(rule: Rule): boolean {
  return /--(?:ct)?state \S*INVALID/.test(rule.text);
}
