import { sysctl } from '../../snapshot/sysctl.ts';
import { isUnparsed } from '../../xtables/extension.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { matchInfo, nameOfRule, type RuleRef, rulesOf } from '../rules.ts';
import type { Scope } from '../scope.ts';

export const ctHelperAssumed: Check = {
  id: 'ct-helper-assumed',
  title: 'A rule counts on a conntrack helper that nobody assigns',
  severity: 'warning',
  why: 'Helpers (ftp, sip, tftp, pptp …) are no longer given to connections by their port: off by default since Linux 4.7, gone since 6.0. Without one the data connections of such protocols are not RELATED, and -m helper never matches.',
  repair:
    'Assign it in the raw table: iptables -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp (and in OUTPUT for connections of the host itself).',
  silent:
    'Where -j CT --helper of that name is there, where nf_conntrack_helper is 1, where nft has rules of its own, and where the raw table is not in the dump.',
  references: ['iptables-extensions(8): helper, CT', 'Documentation/networking/nf_conntrack-sysctl.rst'],
  find: (scope) => scope.rulesets.flatMap(rulesOf).flatMap((ref) => told(scope, ref)),
};

function told(scope: Scope, ref: RuleRef): Found[] {
  const asked = matchInfo<{ helper: string; invert: boolean }>(ref.rule, 'helper');
  if (!asked || asked.invert || asked.helper === '') return [];
  const name = asked.helper.replace(/-\d+$/, '');
  const { netns } = scope;
  const automatic = sysctl(netns, 'net.netfilter.nf_conntrack_helper');
  if (automatic?.value === '1' || netns.nft?.tables.some(({ iptables }) => !iptables)) return [];
  // A dump of the filter table alone says nothing of raw.
  if (ref.ruleset.listing || ref.ruleset.tables.size < 2) return [];
  const rules = scope.rulesets.flatMap(rulesOf);
  if (rules.some(({ rule }) => assigns(rule.target, name))) return [];
  const off = automatic?.span !== undefined && automatic.assumed === undefined;
  return [
    {
      title: `${nameOfRule(ref)} asks for the helper ${asked.helper}, which no rule assigns`,
      explanation: off
        ? 'net.netfilter.nf_conntrack_helper is 0, and no rule has -j CT --helper: the rule never matches.'
        : 'No rule has -j CT --helper. On kernels of today the rule never matches; older ones may be set to assign helpers by port (nf_conntrack_helper=1), which was not dumped.',
      at: ref,
    },
  ];
}

function assigns(target: RuleRef['rule']['target'], name: string): boolean {
  if (target?.kind !== 'extension' || target.name !== 'CT') return false;
  if (isUnparsed(target.info)) return true;
  return (target.info as { helper?: string }).helper === name;
}
