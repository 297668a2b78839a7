import { addTo } from '../../base/group-by.ts';
import { once } from '../../base/memo.ts';
import { makerOf } from '../../topology/makers.ts';
import type { Rule, Table } from '../../xtables/rule.ts';
import { bare } from '../../xtables/tokens.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { hookOfChain } from '../graph.ts';
import { deletion, isJump, nameOfRule, type RuleRef, rulesOf } from '../rules.ts';

export const chainDoesNothing: Check = {
  id: 'chain-does-nothing',
  title: 'A jump to a chain that does nothing',
  severity: 'note',
  why: 'The chain is empty, or all its rules only return: packets come back from it as they went.',
  repair: 'Fill the chain, or take out the jump.',
  silent:
    'Chains that are empty until a program fills them (Docker’s, OpenWrt’s, ufw’s, fail2ban’s and the like), and one of several that are laid out alike (users_12 beside users_13, which has rules).',
  references: ['iptables(8): -j, RETURN'],
  find: ({ rulesets }) =>
    rulesets
      .filter(({ listing }) => !listing)
      .flatMap(rulesOf)
      .flatMap(told),
};

function told(ref: RuleRef): Found[] {
  const { target, text } = ref.rule;
  if (target?.kind !== 'jump') return [];
  const chain = ref.table.chains.get(target.chain);
  if (!chain || hookOfChain(ref.table, target.chain) || !doesNothing(ref.table, target.chain)) return [];
  const { chains } = ref.table;
  if (makerOf({ chain: target.chain, chains }) ?? makerOf({ chain: ref.chain.name, text, chains })) return [];
  if (isOneOfSeveral(ref.table, target.chain)) return [];
  const empty = chain.rules.length === 0;
  return [
    {
      title: `chain ${bare(target.chain)}, to which ${nameOfRule(ref)} jumps, ${empty ? 'is empty' : 'only returns'}`,
      explanation: 'Its packets come back and go on with the next rule, as without the jump.',
      at: ref,
      ...(chain.span && { involved: [{ at: chain.span, role: empty ? 'the empty chain' : 'the chain' }] }),
      suggestion: { text: 'Fill the chain, or take out the jump:', commands: [deletion(ref)] },
    },
  ];
}

/** A script made it for each of something, whether or not there was anything to say of this one: others differ by their number alone. */
function isOneOfSeveral(table: Table, name: string): boolean {
  const pattern = name.replace(/\d+/g, '#');
  if (pattern === name) return false;
  return [...table.chains.keys()].some(
    (other) => other.replace(/\d+/g, '#') === pattern && !doesNothing(table, other),
  );
}

/** Nothing of it accepts, drops, changes or logs a packet. */
export function doesNothing(table: Table, name: string): boolean {
  return idleChains(table).has(name);
}

/** From those without jumps on; chains that lead round in circles are none. */
const idleChains: (table: Table) => ReadonlySet<string> = once((table: Table) => {
  const callers = new Map<string, string[]>();
  const waits = new Map<string, number>();
  const idle: string[] = [];
  for (const { name, rules } of table.chains.values()) {
    if (!rules.every(mayBeIdle)) continue;
    const jumps = rules.flatMap(({ target }) => (isJump(target) ? [target.chain] : []));
    for (const chain of jumps) addTo(callers, chain, name);
    waits.set(name, jumps.length);
    if (jumps.length === 0) idle.push(name);
  }
  for (const name of idle) {
    for (const caller of callers.get(name) ?? []) {
      const left = (waits.get(caller) ?? 0) - 1;
      waits.set(caller, left);
      if (left === 0) idle.push(caller);
    }
  }
  return new Set(idle);
});

function mayBeIdle({ target, matches }: Rule): boolean {
  // A match may count, limit or remember.
  if (matches.some((match) => match.name !== 'comment' && !STATELESS.has(match.name))) return false;
  if (target?.kind === 'verdict') return target.verdict === 'RETURN';
  return target?.kind !== 'goto' && isJump(target);
}

const STATELESS = new Set([
  'tcp',
  'udp',
  'icmp',
  'icmp6',
  'multiport',
  'conntrack',
  'state',
  'mark',
  'addrtype',
]);
