import { contains, formatPrefix, networkOf, type Prefix } from '../../net/prefix.ts';
import { sysctl } from '../../snapshot/sysctl.ts';
import { prefixLength } from '../../xtables/values/address.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { isUnconditional, nameOfRule, type RuleRef, rulesOf } from '../rules.ts';
import { knownLinks, type Scope } from '../scope.ts';

export const natMasqueradeBroad: Check = {
  id: 'nat-masquerade-broad',
  title: 'MASQUERADE also takes what doesn’t leave',
  severity: 'warning',
  why: 'Without an outgoing interface the rule is for everything that is routed: from the uplink inwards, from one inner network to another, and, with br_netfilter, between two ports of one bridge. Behind it every client has the host’s address.',
  repair: 'Name the uplink (-o), or leave out what stays inside (! -o BRIDGE, ! -d SUBNET).',
  silent:
    'Rules behind others that let something pass, rules with a mark, a set, a port or another condition that says what they are for, and hosts with a single device.',
  references: [
    'iptables-extensions(8): MASQUERADE',
    'Documentation/networking/ip-sysctl.rst: bridge-nf-call-iptables',
  ],
  find: (scope) => scope.rulesets.flatMap(rulesOf).flatMap((ref) => told(scope, ref)),
};

function told(scope: Scope, ref: RuleRef): Found[] {
  const { rule, table, ruleset } = ref;
  if (table.name !== 'nat' || rule.target?.kind !== 'extension' || rule.target.name !== 'MASQUERADE')
    return [];
  if (ref.chain.name !== 'POSTROUTING') return [];
  // Rules before it that let something pass say what it is not for.
  const before = ref.chain.rules.slice(0, ref.number - 1);
  if (before.some(({ target }) => target?.kind === 'verdict' || target?.kind === 'jump')) return [];
  if (isUnconditional(rule, ruleset.family)) return everything(scope, ref);
  return localTraffic(scope, ref);
}

/** `-A POSTROUTING -j MASQUERADE` */
function everything(scope: Scope, ref: RuleRef): Found[] {
  const links = knownLinks(scope)?.filter(({ name }) => name !== 'lo');
  if (links && links.length < 2) return [];
  const many = links !== undefined && links.filter(({ addresses }) => addresses.length > 0).length > 1;
  return [
    {
      severity: many ? 'warning' : 'note',
      title: `${nameOfRule(ref)} masquerades everything, whichever way it leaves`,
      explanation:
        'It names no interface: what comes in from the uplink and is forwarded to an inner network has the host’s own address there, too, so that servers can’t tell their clients apart.',
      at: ref,
      suggestion: { text: 'Name the uplink: -o UPLINK.', commands: [] },
    },
  ];
}

/** `-s SUBNET -j MASQUERADE`, where SUBNET is on a bridge whose packets between its ports come here. */
function localTraffic(scope: Scope, ref: RuleRef): Found[] {
  const { source, destination, in: input, out, protocol, matches } = ref.rule;
  const other = input ?? out ?? destination ?? protocol;
  if (!source || source.invert || other || matches.some(({ name }) => name !== 'comment')) return [];
  const subnet = prefixOf(source);
  const on = sysctl(scope.netns, `net.bridge.bridge-nf-call-ip${ref.ruleset.family === 6 ? '6' : ''}tables`);
  if (!subnet || on?.assumed !== undefined || on?.value !== '1') return [];
  const bridge = knownLinks(scope)?.find(
    ({ kind, addresses }) =>
      kind === 'bridge' &&
      addresses.some(
        ({ address, length }) =>
          typeof address === typeof subnet.address &&
          length < 31 &&
          overlaps(subnet, networkOf(address, length)),
      ),
  );
  if (!bridge) return [];
  return [
    {
      title: `${nameOfRule(ref)} also masquerades between two ports of ${bridge.name}`,
      explanation: `${formatPrefix(subnet)} is on ${bridge.name}, and net.bridge.bridge-nf-call-iptables is 1: packets from one station of the bridge to another come to this rule as well, and arrive with the bridge’s own address.`,
      at: ref,
      suggestion: { text: `Leave out what stays on the bridge: ! -o ${bridge.name}.`, commands: [] },
    },
  ];
}

function prefixOf({ address, mask }: NonNullable<RuleRef['rule']['source']>): Prefix | undefined {
  const length = prefixLength(mask);
  return length === undefined ? undefined : networkOf(address, length);
}

function overlaps(left: Prefix, right: Prefix): boolean {
  return contains(left, right.address) || contains(right, left.address);
}
