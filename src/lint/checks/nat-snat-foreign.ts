import { formatIp } from '../../net/ip.ts';
import { isUnparsed } from '../../xtables/extension.ts';
import type { NatTo } from '../../xtables/values/nat.ts';
import type { Check } from '../check.ts';
import { nameOfRule, rulesOf } from '../rules.ts';
import { knownLinks } from '../scope.ts';

export const natSnatForeign: Check = {
  id: 'nat-snat-foreign',
  title: 'SNAT to an address that the host doesn’t have',
  severity: 'note',
  why: 'Answers go to that address. They come back to this host only where a router sends them here, or where it answers ARP for the address; after a change of the host’s address they don’t.',
  repair: 'Use an address of the outgoing interface, or MASQUERADE, which finds it by itself.',
  silent: 'Where the addresses were not dumped. Routed pools are meant to be like this: it is a note.',
  references: ['iptables-extensions(8): SNAT'],
  find(scope) {
    const links = knownLinks(scope);
    if (!links || scope.netns.addressesUnknown) return [];
    const own = new Set(links.flatMap(({ addresses }) => addresses.map(({ address }) => address)));
    return scope.rulesets.flatMap(rulesOf).flatMap((ref) => {
      const { target } = ref.rule;
      if (target?.kind !== 'extension' || target.name !== 'SNAT' || isUnparsed(target.info)) return [];
      const { min, max } = (target.info as { readonly to: NatTo }).to;
      if (min === undefined || min !== max || own.has(min)) return [];
      return [
        {
          title: `${nameOfRule(ref)} translates to ${formatIp(min)}, which no device of this host has`,
          explanation: 'Answers go to that address, and come back only if it is routed to this host.',
          at: ref,
        },
      ];
    });
  },
};
