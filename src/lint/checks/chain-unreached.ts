import { makerOfChain } from '../../topology/makers.ts';
import type { Chain, Ruleset, Table } from '../../xtables/rule.ts';
import { bare } from '../../xtables/tokens.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { hookOfChain, hooksReaching, jumpsTo } from '../graph.ts';
import { counted } from '../grouped.ts';
import { rulesOfChain, tableOption, toolOf } from '../rules.ts';

export const chainUnreached: Check = {
  id: 'chain-unreached',
  title: 'No packet ever comes to the chain',
  severity: 'warning',
  why: 'A chain of one’s own is asked only where a rule jumps to it, from a built-in chain or one that is reached itself. Its rules do nothing.',
  repair: 'Add the jump that is missing, or delete the chain (iptables -F NAME, iptables -X NAME).',
  silent:
    'Chains of programs that keep some in reserve (Docker, ufw, firewalld, kube-proxy …), empty chains, and chains whose jump may stand in a chain that was not dumped.',
  references: ['iptables(8): -N, -j, -X'],
  find: ({ rulesets }) =>
    rulesets
      .filter(({ listing }) => !listing)
      .flatMap((ruleset) => [...ruleset.tables.values()].flatMap((table) => inTable(ruleset, table))),
};

/** So many of a table are told one by one. */
const MOST = 3;

function inTable(ruleset: Ruleset, table: Table): Found[] {
  const chains = [...table.chains.values()].filter((chain) => isUnreached(table, chain));
  const [first] = chains;
  if (chains.length <= MOST || !first) return chains.flatMap((chain) => told(ruleset, table, chain));
  const rules = chains.reduce((sum, chain) => sum + chain.rules.length, 0);
  return [
    {
      title: `nothing leads to ${chains.length} chains of table ${table.name}: ${rules} rules that no packet meets`,
      explanation: `They are ${chains.map(({ name }) => bare(name)).join(', ')}.`,
      at: placeOf(ruleset, table, first),
      involved: chains.slice(1).map((chain) => ({
        at: placeOf(ruleset, table, chain),
        role: `${bare(chain.name)}, ${counted(chain.rules.length, 'rule')}`,
      })),
    },
  ];
}

function isUnreached(table: Table, { name, rules }: Chain): boolean {
  if (rules.length === 0 || hookOfChain(table, name) || hooksReaching(table).has(name)) return false;
  if (makerOfChain(name, table.chains)) return false;
  // A piece of a table, to be added to what is there: the jump may be there.
  return [...table.chains.keys()].some((each) => hookOfChain(table, each));
}

function placeOf(ruleset: Ruleset, table: Table, chain: Chain): Found['at'] {
  return chain.span ?? rulesOfChain(ruleset, table, chain)[0] ?? { path: ruleset.path, line: 1 };
}

function told(ruleset: Ruleset, table: Table, chain: Chain): Found[] {
  const { name, rules } = chain;
  const jumps = jumpsTo(ruleset, table, name);
  const tool = `${toolOf(ruleset)}${tableOption({ table })}`;
  return [
    {
      title: `nothing leads to chain ${bare(name)} of table ${table.name}: ${counted(rules.length, 'rule')} that no packet meets`,
      explanation:
        jumps.length === 0
          ? 'No rule of the table jumps to it.'
          : 'Only chains jump to it that no packet comes to, either.',
      at: placeOf(ruleset, table, chain),
      involved: jumps.map((at) => ({ at, role: 'jumps there, and is never reached' })),
      suggestion: {
        text:
          jumps.length === 0
            ? 'Add the jump that is missing, or delete the chain:'
            : 'Add a jump to the chains before it, or delete them.',
        commands: jumps.length === 0 ? [`${tool} -F ${bare(name)}`, `${tool} -X ${bare(name)}`] : [],
      },
    },
  ];
}
