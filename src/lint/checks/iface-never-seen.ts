import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { hooksReaching } from '../graph.ts';
import { nameOfRule, type RuleRef, rulesOf } from '../rules.ts';
import { knownLinks, type Scope } from '../scope.ts';

export const ifaceNeverSeen: Check = {
  id: 'iface-never-seen',
  title: 'A name under which iptables never sees a packet',
  severity: 'warning',
  why: 'An alias (eth0:1) is a second address of eth0 and no device: packets come in by eth0. The ports of a bridge or bond hand their packets to it: iptables sees them on br0 or bond0.',
  repair:
    'Name the device itself, and the alias by its address (-d ADDRESS); of a bridge, the port with -m physdev --physdev-in PORT, which needs br_netfilter.',
  silent: 'Ports, where the devices were not dumped; raw and nat rules of bridged packets, and VRFs.',
  references: ['net/core/dev.c: __netif_receive_skb_core()', 'iptables-extensions(8): physdev'],
  find: (scope) => scope.rulesets.flatMap(rulesOf).flatMap((ref) => told(scope, ref)),
};

function told(scope: Scope, ref: RuleRef): Found[] {
  const hooks = hooksReaching(ref.table).get(ref.chain.name);
  return [ref.rule.in, ref.rule.out].flatMap((device): Found[] => {
    if (!device || device.invert || device.wildcard) return [];
    const [alias] = /^([^:]+):/.exec(device.name)?.slice(1) ?? [];
    if (alias !== undefined) {
      return [
        {
          title: `${nameOfRule(ref)} never matches: ${device.name} is an alias, and packets have ${alias}`,
          explanation: `An alias is a second address of ${alias}, no device of its own. The condition never holds.`,
          at: ref,
          suggestion: { text: `Name ${alias}, and the alias by its address: -d ADDRESS.`, commands: [] },
        },
      ];
    }
    const link = knownLinks(scope)?.find(({ name }) => name === device.name);
    const master = knownLinks(scope)?.find(({ name }) => name === link?.master);
    if (!link || !master || !hooks || !/^(bridge|bond|team)$/.test(master.kind ?? '')) return [];
    return [
      {
        title: `${nameOfRule(ref)} never matches: ${device.name} belongs to ${master.name}, and packets have that name`,
        explanation: `${device.name} is a port of the ${master.kind ?? 'bridge'} ${master.name}: its packets come to iptables as ${master.name}’s.`,
        at: ref,
        involved: [{ at: link.span, role: `master ${master.name}` }],
        suggestion: {
          text:
            master.kind === 'bridge'
              ? `Name ${master.name}; for this port alone: -m physdev --physdev-in ${device.name}.`
              : `Name ${master.name}.`,
          commands: [],
        },
      },
    ];
  });
}
