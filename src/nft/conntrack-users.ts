/** Which rules start connection tracking: expressions whose init calls nf_ct_netns_get(). */
import type { Family } from '../net/ip.ts';
import type { Expression } from './expression.ts';
import type { NftRuleset, NftTable } from './ruleset.ts';
import type { SetElement } from './set.ts';
import type { Statement } from './statement.ts';

/** Families that the ruleset starts it for; rules count wherever they stand, reached or not. */
export function conntrackFamilies(ruleset: NftRuleset): ReadonlySet<Family> {
  const families = new Set<Family>();
  for (const table of ruleset.tables) {
    if (table.family !== 'ip6' && usesConntrack(table, 4)) families.add(4);
    if (table.family !== 'ip' && usesConntrack(table, 6)) families.add(6);
  }
  return families;
}

/** nft_tproxy_init() starts defragmentation (nf_defrag_ipv4_enable()). */
export function defragments(ruleset: NftRuleset, family: Family): boolean {
  return ruleset.tables.some(
    (table) =>
      (table.family === 'inet' || table.family === (family === 4 ? 'ip' : 'ip6')) &&
      table.chains.some(({ rules }) =>
        rules.some(({ statements }) => statements.some(({ kind }) => kind === 'tproxy')),
      ),
  );
}

/** In an inet table `dnat ip` and `snat ip` start it for IPv4 alone (nft_nat_init()); anything else for both. */
export function usesConntrack(table: NftTable, family?: Family): boolean {
  if (table.family === 'arp' || table.family === 'netdev') return false;
  return (
    table.chains.some(({ rules }) =>
      rules.some(({ statements }) =>
        statements.some((statement) => statementUses(statement) && !isOfOther(statement, family)),
      ),
    ) ||
    table.sets.some(
      ({ statements, elements }) => statements.some(statementUses) || elements.some(elementUses),
    ) ||
    table.objects.some(
      ({ kind }) => kind === 'ct helper' || kind === 'ct timeout' || kind === 'ct expectation',
    )
  );
}

function isOfOther(statement: Statement, family: Family | undefined): boolean {
  if (statement.kind !== 'nat' || !statement.family || family === undefined) return false;
  return statement.family !== (family === 4 ? 'ip' : 'ip6');
}

function statementUses(statement: Statement): boolean {
  switch (statement.kind) {
    case 'match':
      return uses(statement.left) || uses(statement.right);
    case 'vmap':
      return uses(statement.key) || uses(statement.data);
    case 'set':
      return uses(statement.target) || uses(statement.value);
    case 'update':
      return elementUses(statement.element);
    case 'meter':
      return uses(statement.key) || statement.statements.some(statementUses);
    case 'object':
      return uses(statement.name);
    case 'nat':
    case 'ct count':
    case 'flow':
    case 'synproxy':
      return true;
    default:
      return false;
  }
}

function elementUses({ key, data, statements }: SetElement): boolean {
  return uses(key) || (data !== undefined && uses(data)) || (statements ?? []).some(statementUses);
}

function uses(expression: Expression): boolean {
  switch (expression.kind) {
    case 'ct':
      return true;
    case 'concat':
      return expression.parts.some(uses);
    case 'map':
      return uses(expression.key) || uses(expression.data);
    case 'binary':
      return uses(expression.left) || uses(expression.right);
    case 'jhash':
      return uses(expression.expression);
    case 'set':
      return expression.elements.some(elementUses);
    default:
      return false;
  }
}
