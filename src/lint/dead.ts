/** Rules that no packet ever matches, each with the reason. */
import { once } from '../base/memo.ts';
import { NONE } from '../symbolic/bdd.ts';
import { conntrackUsers } from '../xtables/load.ts';
import type { Hook, Rule, Ruleset } from '../xtables/rule.ts';
import type { Found, Suggestion } from './finding.ts';
import { hooksReaching } from './graph.ts';
import { isOfProgram } from './programs.ts';
import { reachOf, type TableReach } from './reach.ts';
import {
  deletion,
  deletionByNumber,
  isAccepting,
  isEnding,
  isObscure,
  isUnconditional,
  type RuleRef,
  ruleKey,
  rulesOfChain,
} from './rules.ts';
import type { Scope } from './scope.ts';

/**
 * `contradiction`: by its own conditions. `out-of-reach`: nothing of what comes into its chain fits. `after-end`: a rule before it takes
 * everything. `duplicate`: one that is the same stands before it. `taken`: others before it take all of its packets.
 */
export type DeadKind = 'contradiction' | 'out-of-reach' | 'after-end' | 'duplicate' | 'taken';

export interface Dead {
  readonly ref: RuleRef;
  readonly kind: DeadKind;
  /** Rules of the same chain that take its packets, in order. */
  readonly takers: readonly RuleRef[];
  /** It accepts what the table accepts without it, whoever does it, and wherever. */
  readonly acceptedAnyhow: boolean;
}

export const deadRules: (ruleset: Ruleset) => readonly Dead[] = once((ruleset: Ruleset) =>
  [...ruleset.tables.values()].flatMap((table) => {
    const hooks = hooksReaching(table);
    if (ruleset.listing && !table.chains.size) return [];
    const reach = reachOf(ruleset)(table);
    if (!reach) return [];
    return [...table.chains.values()].flatMap((chain) => {
      const refs = rulesOfChain(ruleset, table, chain);
      return refs.flatMap((ref): Dead[] => {
        const known = reach.rules.get(ref.rule);
        if (!known || known.live || isObscure(ref.rule)) return [];
        const takers = known.takers.flatMap(({ number }) => refs[number - 1] ?? []);
        const hooksOfChain = hooks.get(chain.name) ?? [];
        const base = { ref, takers, acceptedAnyhow: isAcceptedAnyhow(ref, reach, hooksOfChain) };
        if (reach.fitting(ref.rule, hooksOfChain) === NONE) return [{ ...base, kind: 'contradiction' }];
        const end = refs
          .slice(0, ref.number - 1)
          .find(({ rule }) => isEnding(rule) && isUnconditional(rule, ruleset.family));
        if (known.wanted === NONE && !end) return [{ ...base, kind: 'out-of-reach' }];
        const alike = takers.find((taker) => ruleKey(taker) === ruleKey(ref));
        if (alike) return [{ ...base, kind: 'duplicate', takers: [alike] }];
        if (end) return [{ ...base, kind: 'after-end', takers: [end] }];
        const whole = known.takers.find(({ all }) => all);
        const one = whole && refs[whole.number - 1];
        return [{ ...base, kind: 'taken', takers: one ? [one] : takers }];
      });
    });
  }),
);

/** Of the filter table: others look at what is accepted, too. */
function isAcceptedAnyhow(
  ref: RuleRef,
  { space, fitting, accepted }: TableReach,
  hooks: Iterable<Hook>,
): boolean {
  if (ref.table.name !== 'filter' || !isAccepting(ref.rule)) return false;
  return [...hooks].every(
    (hook) => space.bdd.diff(fitting(ref.rule, [hook]), accepted.get(hook) ?? NONE) === NONE,
  );
}

/** Taking it out changes nothing for any packet; nor does it end what merely loading it begins. */
export function removal({ ref }: Dead, text: string, byNumber = false): Suggestion {
  return {
    text,
    commands: [byNumber ? deletionByNumber(ref) : deletion(ref)],
    ...(isSafe(ref) && { removes: [ref] }),
  };
}

/** Matches that lay out what others share by name, or start something, when they are loaded. */
const LOADING = new Set([
  'recent',
  'hashlimit',
  'connlimit',
  'quota',
  'nfacct',
  'rateest',
  'set',
  'bpf',
  'osf',
]);

function isSafe({ rule, ruleset }: RuleRef): boolean {
  if (rule.matches.some(({ name }) => LOADING.has(name))) return false;
  return !conntrackUsers(only(ruleset, (each) => each === rule)) || conntrackUsers(living(ruleset));
}

/** What is left when all dead rules are gone. */
const living = once((ruleset: Ruleset): Ruleset => {
  const dead = new Set(deadRules(ruleset).map(({ ref }) => ref.rule));
  return only(ruleset, (rule) => !dead.has(rule));
});

function only(ruleset: Ruleset, stays: (rule: Rule) => boolean): Ruleset {
  const tables = [...ruleset.tables.values()].map((table) => {
    const chains = [...table.chains.values()].map((chain) => ({
      ...chain,
      rules: chain.rules.filter(stays),
    }));
    return { ...table, chains: new Map(chains.map((chain) => [chain.name, chain])) };
  });
  return { ...ruleset, tables: new Map(tables.map((table) => [table.name, table])) };
}

/** Findings of all rules that are dead in that way. Lines that can't be loaded are told as such, what programs write all alike is theirs. */
export function findDead(kind: DeadKind, scope: Scope, tell: (dead: Dead) => Found): Found[] {
  const refused = new Set(
    scope.issues.filter(({ severity }) => severity === 'error').map(({ path, line }) => `${path}:${line}`),
  );
  return scope.rulesets
    .flatMap(deadRules)
    .filter(
      (dead) => dead.kind === kind && !refused.has(`${dead.ref.rule.span.path}:${dead.ref.rule.span.line}`),
    )
    .filter(({ ref }) => !isOfProgram(ref))
    .map(tell);
}
