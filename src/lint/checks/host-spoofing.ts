import type { Link } from '../../dump/records.ts';
import { applyMask, contains, formatPrefix, networkOf, type Prefix } from '../../net/prefix.ts';
import { sysctl, sysctlInterface } from '../../snapshot/sysctl.ts';
import type { AddressMatch } from '../../xtables/rule.ts';
import { prefixLength } from '../../xtables/values/address.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { hooksReaching } from '../graph.ts';
import { isAccepting, isDropping, nameOfRule, type RuleRef, rulesOf } from '../rules.ts';
import { knownLinks, rulesetsOf, type Scope } from '../scope.ts';

export const hostSpoofing: Check = {
  id: 'host-spoofing',
  title: 'Addresses of one network are believed on the interface of another',
  severity: 'warning',
  why: 'A rule that accepts by source address alone takes the packet’s word for it. With rp_filter off nobody checks that a source belongs to the interface by which it comes in: whoever is on another one can send with such a source, which is enough for UDP and for single packets.',
  repair:
    'Name the interface (-i) with the address, set net.ipv4.conf.all.rp_filter=1 (2 where routes are asymmetric), or drop in raw PREROUTING with -m rpfilter --invert.',
  silent:
    'Where devices or rp_filter were not dumped, where a rule checks sources by interface or rpfilter, and sources that are behind no device of the host.',
  references: [
    'RFC 2827, RFC 3704',
    'net/ipv4/fib_frontend.c: fib_validate_source()',
    'iptables-extensions(8): rpfilter',
  ],
  find(scope) {
    const links = knownLinks(scope)?.filter(({ addresses }) => addresses.length > 0);
    if (!links || links.length < 3 || checksSources(scope)) return [];
    return rulesetsOf(scope, 4)
      .flatMap(rulesOf)
      .flatMap((ref) => told(scope, links, ref));
  },
};

/** Some rule drops by source and interface together, or by the way back. */
function checksSources(scope: Scope): boolean {
  return rulesetsOf(scope, 4)
    .flatMap(rulesOf)
    .some(({ rule }) => {
      if (rule.matches.some(({ name }) => name === 'rpfilter')) return true;
      return (
        rule.in !== undefined &&
        rule.source !== undefined &&
        (isDropping(rule) || rule.target?.kind === 'jump')
      );
    });
}

function told(scope: Scope, links: readonly Link[], ref: RuleRef): Found[] {
  const { rule, table, chain } = ref;
  const hooks = hooksReaching(table).get(chain.name);
  const filters = table.name === 'filter' && (hooks?.has('INPUT') || hooks?.has('FORWARD'));
  if (!filters || !isAccepting(rule) || rule.in || !rule.source || rule.source.invert) return [];
  if (
    rule.matches.some(({ name }) =>
      ['mac', 'policy', 'mark', 'connmark', 'physdev', 'set', 'conntrack', 'state'].includes(name),
    )
  )
    return [];
  const inside = prefixOf(rule.source);
  const home = inside && links.find((link) => link.name !== 'lo' && isOn(inside, link));
  if (!inside || !home) return [];
  const others = links.filter(
    (link) =>
      link !== home &&
      link.name !== 'lo' &&
      link.master === undefined &&
      !isOn(inside, link) &&
      isUnchecked(scope, link.name),
  );
  const [other] = others;
  if (!other) return [];
  return [
    {
      title: `${nameOfRule(ref)} believes ${formatPrefix(inside)} of any interface, and ${other.name} doesn’t check sources`,
      explanation: `${formatPrefix(inside)} is on ${home.name}. net.ipv4.conf.all.rp_filter and that of ${others.map(({ name }) => name).join(', ')} are 0: a packet from there with such a source is accepted, too.`,
      at: ref,
      involved: [{ at: home.span, role: `${home.name} has that network` }],
      suggestion: {
        text: `Name the interface in the rule (-i ${home.name}), or have the kernel check:`,
        commands: [`sysctl -w net.ipv4.conf.all.rp_filter=1`],
      },
    },
  ];
}

function prefixOf({ address, mask }: AddressMatch): Prefix | undefined {
  const length = prefixLength(mask);
  if (length === undefined || length === 0) return undefined;
  return { address: applyMask(address, mask), length };
}

function isOn(inside: Prefix, { addresses }: Link): boolean {
  return addresses.some(
    ({ address, length, scope }) =>
      typeof address === typeof inside.address &&
      scope !== 'host' &&
      length < 31 &&
      length <= inside.length &&
      contains(networkOf(address, length), inside.address),
  );
}

/** Both settings were dumped, and both are 0. */
function isUnchecked({ netns }: Scope, device: string): boolean {
  return ['all', sysctlInterface(device)].every((name) => {
    const value = sysctl(netns, `net.ipv4.conf.${name}.rp_filter`);
    return value?.span !== undefined && value.assumed === undefined && value.value === '0';
  });
}
