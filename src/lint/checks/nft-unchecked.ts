import type { NftTable } from '../../nft/ruleset.ts';
import type { Check } from '../check.ts';
import { counted } from '../grouped.ts';

export const nftUnchecked: Check = {
  id: 'nft-unchecked',
  title: 'Rules of nft, which lint doesn’t look at',
  severity: 'note',
  why: 'lint reads rules of iptables. Tables of nft stand on the same hooks, and a packet has to pass both: what is wrong with their rules isn’t told, and no message about the rules of iptables takes them into account, unless it says so.',
  repair:
    'nft --check -f FILE says whether they load; nettrace trace, test and diff follow packets through both.',
  silent: 'Tables without rules, and those that iptables-nft made, where iptables-save was given as well.',
  references: ['nft(8)', 'docs/lint.md'],
  find({ netns, rulesets }) {
    const tables = netns.nft ? uncheckedTables(netns.nft.tables, rulesets) : [];
    const [first] = tables;
    if (!first) return [];
    const rules = tables.reduce((sum, table) => sum + rulesIn(table), 0);
    return [
      {
        title: `${counted(tables.length, 'table')} of nft with ${counted(rules, 'rule')} ${tables.length === 1 ? 'is' : 'are'} not looked at: ${namesOf(tables)}`,
        explanation: 'Nothing is said of these rules, right or wrong: lint reads those of iptables.',
        at: first.span,
        involved: tables
          .slice(1)
          .map((table) => ({ at: table.span, role: `${nameOf(table)}, ${counted(rulesIn(table), 'rule')}` })),
      },
    ];
  },
};

/** What is there to be looked at, and isn't. */
export function uncheckedTables(
  tables: readonly NftTable[],
  rulesets: readonly { readonly family: 4 | 6 }[],
): NftTable[] {
  return tables.filter((table) => {
    const family = table.family === 'ip6' ? 6 : 4;
    if (table.iptables && rulesets.some((ruleset) => ruleset.family === family)) return false;
    return rulesIn(table) > 0;
  });
}

function rulesIn({ chains }: NftTable): number {
  return chains.reduce((sum, { rules }) => sum + rules.length, 0);
}

export function nameOf({ family, name }: NftTable): string {
  return `${family} ${name}`;
}

/** So many are named. */
const MOST = 4;

export function namesOf(tables: readonly NftTable[]): string {
  const names = tables.slice(0, MOST).map(nameOf);
  return tables.length > MOST ? `${names.join(', ')} and ${tables.length - MOST} more` : names.join(', ');
}
