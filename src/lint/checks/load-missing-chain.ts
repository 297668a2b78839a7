import { once } from '../../base/memo.ts';
import { nearest } from '../../base/nearest.ts';
import { makerOfChain } from '../../topology/makers.ts';
import { isUnparsed } from '../../xtables/extension.ts';
import type { Table } from '../../xtables/rule.ts';
import { knownExtension } from '../../xtables/targets.ts';
import { bare } from '../../xtables/tokens.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { isJump, nameOfRule, type RuleRef, rulesOf } from '../rules.ts';

/** Targets of xtables-addons and of patched kernels: whose iptables has them takes them. */
const ELSEWHERE =
  /^(ACCOUNT|CHAOS|DELUDE|DHCPMAC|DNETMAP|ECHO|FULLCONENAT|IMQ|INGRESS|IPMARK|IPV4OPTSSTRIP|LOGMARK|LSCAN|MIRROR|NDPI|NETFLOW|OPENVPN|PROTO|QUIC|RAWDNAT|RAWSNAT|RAWNAT|REROUTE|ROUTE|SAME|SYSRQ|STEAL|TARPIT|TOR|XOR|FLOWOFFLOAD|FLOW|WEBURL|webstr|CLUSTERIP|ULOG|USERSPACE|NFQ)$/;

export const loadMissingChain: Check = {
  id: 'load-missing-chain',
  title: 'A jump leads to a chain that isn’t there',
  severity: 'error',
  why: 'A chain has to be declared in the same table (":NAME - [0:0]", iptables -N NAME). iptables-restore refuses the line, and loads nothing of the table.',
  repair: 'Declare the chain, or correct its name. Each table has chains of its own.',
  silent:
    'Listings of single chains (iptables -L, -S), tables without any chain line, chains that ufw, Docker and the like make themselves, and names of targets that other builds of iptables have.',
  references: ['iptables(8): -j, -N', 'iptables-restore(8)'],
  find: ({ rulesets }) =>
    rulesets
      .filter(({ listing }) => !listing)
      .flatMap(rulesOf)
      .filter((ref) => missing(ref) !== undefined)
      .flatMap(told),
};

/** So many names are compared with all chains. */
const MOST_COMPARED = 100;

// Without chain lines it is a piece of a table, to be added to what is there.
const isPiece = once((table: Table) => ![...table.chains.values()].some(({ span }) => span));

function told(ref: RuleRef, index: number): Found[] {
  const { table, ruleset, rule } = ref;
  const { target } = rule;
  const name = missing(ref);
  if (name === undefined || isPiece(table)) return [];
  // ufw and others load pieces that lead to chains which they have made before.
  if (makerOfChain(name, table.chains)) return [];
  if (ELSEWHERE.test(name) || knownExtension(name, ruleset.family) !== undefined) return [];
  const near = index < MOST_COMPARED ? nearest(name, [...table.chains.keys()]) : undefined;
  const other = [...ruleset.tables.values()].find(
    (each) => each !== table && each.chains.get(name)?.span !== undefined,
  );
  const hint = other
    ? ` Table ${other.name} has one of that name: chains are not shared between tables.`
    : near === undefined
      ? ''
      : ` Was ${near} meant?`;
  return [
    {
      title: `table ${table.name} has no chain ${bare(name)}, and there is no target of that name`,
      explanation: `${nameOfRule(ref)} ${target?.kind === 'goto' ? 'goes' : 'jumps'} there: iptables-restore refuses the line, and nothing of the table is loaded.${hint}`,
      at: ref,
      suggestion: {
        text: `Declare it at the top of the table, or correct the name:`,
        commands: [`:${name} - [0:0]`],
      },
    },
  ];
}

/** Where no chain has the name the reader takes it for a target that it doesn't know, without options. */
function missing({ rule: { target }, table }: RuleRef): string | undefined {
  if (isJump(target)) return table.chains.has(target.chain) ? undefined : target.chain;
  if (target?.kind !== 'extension' || !isUnparsed(target.info) || target.info.unparsed.length > 0)
    return undefined;
  return target.name;
}
