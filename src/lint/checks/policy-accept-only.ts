import { makerOf, makerOfInterface } from '../../topology/makers.ts';
import { isUnparsed } from '../../xtables/extension.ts';
import type { Chain, Ruleset, Table } from '../../xtables/rule.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { chainsFrom, hookOfChain } from '../graph.ts';
import { counted } from '../grouped.ts';
import { isAccepting, isUnconditional, type RuleRef, rulesOfChain, tableOption, toolOf } from '../rules.ts';

export const policyAcceptOnly: Check = {
  id: 'policy-accept-only',
  title: 'A filter that lets everything in, and has rules about what to let in',
  severity: 'warning',
  why: 'Rules that accept need something behind them that doesn’t: with the policy ACCEPT, and no rule that drops or rejects, the packets that none of them matches are accepted as well.',
  repair:
    'Set the policy (iptables -P CHAIN DROP), or end the chain with a rule that drops or rejects. Accept lo and established connections before that, and the port that you are logged in by.',
  silent:
    'OUTPUT, chains whose accepting rules were made by libvirt, Docker and the like, and chains that lead anywhere where packets may be dropped.',
  references: ['iptables(8): -P'],
  find: ({ rulesets }) =>
    rulesets.flatMap((ruleset) => {
      const table = ruleset.tables.get('filter');
      if (!table) return [];
      return ['INPUT', 'FORWARD'].flatMap((name) => told(ruleset, table, table.chains.get(name)));
    }),
};

function told(ruleset: Ruleset, table: Table, chain: Chain | undefined): Found[] {
  const first = openRules(ruleset, table, chain);
  if (!chain || first.length === 0) return [];
  const [rule] = first as [RuleRef];
  return [
    {
      title: `${chain.name} accepts everything: its policy is ACCEPT, and no rule drops or rejects`,
      explanation: `${counted(first.length, 'rule')} of it ${first.length === 1 ? 'accepts' : 'accept'} what the policy accepts anyhow.`,
      at: chain.span ?? rule,
      involved: first.slice(0, 10).map((at) => ({ at, role: 'accepts what is accepted anyhow' })),
      suggestion: {
        text: 'If these are all that is to be let in, close the rest (accept lo, established connections and your own login first):',
        commands: [`${toolOf(ruleset)}${tableOption({ table })} -P ${chain.name} DROP`],
      },
    },
  ];
}

/** The rules of a chain that say what to accept, where nothing stops the rest; empty where something may. */
export function openRules(ruleset: Ruleset, table: Table, chain: Chain | undefined): RuleRef[] {
  if (chain?.policy !== 'ACCEPT' || !hookOfChain(table, chain.name)) return [];
  const all = chainsFrom(table, chain.name).flatMap((each) => rulesOfChain(ruleset, table, each));
  const opaque = all.some(({ rule: { target } }) => {
    if (target === undefined) return false;
    if (target.kind === 'verdict') return target.verdict === 'DROP' || target.verdict === 'QUEUE';
    if (target.kind === 'extension') return isUnparsed(target.info) || !HARMLESS.has(target.name);
    return !table.chains.has(target.chain);
  });
  if (opaque) return [];
  const end = all.findIndex(
    ({ chain: own, rule }) => own === chain && isAccepting(rule) && isUnconditional(rule, ruleset.family),
  );
  // Somebody says that all is to be accepted.
  if (end >= 0) return [];
  return all.filter((ref) => isAccepting(ref.rule) && saysWhatToLetIn(ref));
}

const HARMLESS = new Set([
  'LOG',
  'NFLOG',
  'ULOG',
  'MARK',
  'CONNMARK',
  'TCPMSS',
  'TRACE',
  'AUDIT',
  'CHECKSUM',
  'SET',
  'TOS',
  'DSCP',
  'TTL',
  'HL',
  'CLASSIFY',
  'ACCOUNT',
]);

/** About ports or sources; not what a program keeps open for its own bridge. */
function saysWhatToLetIn({ rule, chain, table }: RuleRef): boolean {
  if (makerOf({ chain: chain.name, text: rule.text, chains: table.chains })) return false;
  for (const device of [rule.in, rule.out]) {
    if (device && (device.name === 'lo' || makerOfInterface(device.name))) return false;
  }
  return rule.matches.some(({ name }) => name === 'tcp' || name === 'udp' || name === 'multiport');
}
