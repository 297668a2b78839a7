import { sysctl } from '../../snapshot/sysctl.ts';
import type { Ruleset, Table } from '../../xtables/rule.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { chainsFrom } from '../graph.ts';
import { isDropping, isEnding, isUnconditional } from '../rules.ts';
import { knownLinks, rulesetsOf, type Scope } from '../scope.ts';

export const v6Open: Check = {
  id: 'v6-open',
  title: 'IPv4 is closed, and IPv6 is open beside it',
  severity: 'warning',
  why: 'iptables filters IPv4 only. A host that has an IPv6 address is reached by it past all of these rules; ip6tables has tables of its own.',
  repair:
    'Give ip6tables the same rules (and let ICMPv6 through, without which IPv6 doesn’t work), use an nft table of family inet, or switch IPv6 off where it isn’t wanted.',
  silent:
    'Where ip6tables-save was not given, where nft has chains of its own on the hook, and where no device has an IPv6 address or IPv6 is disabled.',
  references: ['ip6tables(8)', 'RFC 4890'],
  find: (scope) => ['INPUT', 'FORWARD'].flatMap((chain) => told(scope, chain)),
};

function told(scope: Scope, chain: string): Found[] {
  const { netns } = scope;
  const [four, six] = [rulesetsOf(scope, 4), rulesetsOf(scope, 6)];
  if (netns.rulesets6 === undefined || four.length === 0 || speaksNft(scope)) return [];
  const closed = four.find((ruleset) => isClosed(ruleset, chain));
  if (!closed || !six.every((ruleset) => isOpen(ruleset, chain))) return [];
  if (chain === 'FORWARD' && sysctl(netns, 'net.ipv6.conf.all.forwarding')?.value !== '1') return [];
  if (!usesIpv6(scope)) return [];
  const table = closed.tables.get('filter');
  const own = table?.chains.get(chain);
  const at = own?.span ?? own?.rules.at(-1)?.span;
  if (!at) return [];
  const there = six.flatMap((ruleset) => ruleset.tables.get('filter')?.chains.get(chain)?.span ?? []);
  return [
    {
      title: `${chain} is closed for IPv4, and lets everything through for IPv6`,
      explanation:
        six.length === 0
          ? 'ip6tables has no rules. Whoever comes by an IPv6 address meets none of these.'
          : 'ip6tables’ policy is ACCEPT, and none of its rules drops or rejects. Whoever comes by an IPv6 address meets none of these.',
      at,
      involved: there.map((span) => ({ at: span, role: 'the open one' })),
      suggestion: {
        text: 'Close it as well, behind rules for lo, established connections and ICMPv6:',
        commands: [`ip6tables -P ${chain} DROP`],
      },
    },
  ];
}

/** By its policy, or by a last rule for all that is left. */
function isClosed(ruleset: Ruleset, name: string): boolean {
  const chain = ruleset.tables.get('filter')?.chains.get(name);
  if (!chain) return false;
  const end = chain.rules.find((rule) => isEnding(rule) && isUnconditional(rule, ruleset.family));
  return end ? isDropping(end) : chain.policy === 'DROP';
}

function isOpen(ruleset: Ruleset, name: string): boolean {
  if (ruleset.listing) return false;
  const table: Table | undefined = ruleset.tables.get('filter');
  const chain = table?.chains.get(name);
  if (!table || !chain) return ruleset.tables.size === 0 || ruleset.tables.has('filter');
  if (chain.policy !== 'ACCEPT') return false;
  return chainsFrom(table, name).every(({ rules }) =>
    rules.every((rule) => {
      const { target } = rule;
      if (target?.kind === 'extension') return target.name === 'LOG' || target.name === 'NFLOG';
      return target?.kind !== 'verdict' || target.verdict === 'ACCEPT' || target.verdict === 'RETURN';
    }),
  );
}

/** A chain of nft's own for IPv6 may close it: nothing is said then. */
function speaksNft({ netns }: Scope): boolean {
  return (
    netns.nft?.tables.some(
      ({ iptables, family, chains }) =>
        !iptables &&
        ['ip6', 'inet', 'netdev'].includes(family) &&
        chains.some(({ base }) => base !== undefined),
    ) ?? false
  );
}

function usesIpv6(scope: Scope): boolean {
  const { netns } = scope;
  if (sysctl(netns, 'net.ipv6.conf.all.disable_ipv6')?.value === '1') return false;
  const links = knownLinks(scope);
  if (!links || netns.addressesUnknown) return true;
  return links.some(
    ({ name, addresses }) => name !== 'lo' && addresses.some(({ address }) => typeof address === 'bigint'),
  );
}
