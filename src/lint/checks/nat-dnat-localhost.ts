import { formatIp } from '../../net/ip.ts';
import { sysctl, sysctlInterface } from '../../snapshot/sysctl.ts';
import type { Check } from '../check.ts';
import { dnatTargets } from '../dnat.ts';
import type { Found } from '../finding.ts';
import { hooksReaching } from '../graph.ts';
import { nameOfRule, type RuleRef, rulesOf } from '../rules.ts';
import type { Scope } from '../scope.ts';

export const natDnatLocalhost: Check = {
  id: 'nat-dnat-localhost',
  title: 'DNAT to 127.0.0.0/8 for packets from outside',
  severity: 'warning',
  why: 'A packet that comes in by a device other than lo is a martian with a destination in 127.0.0.0/8, translated or not: the kernel drops it without a word, unless route_localnet is set on that device.',
  repair:
    'Translate to an address of the host and let the service listen there (REDIRECT does), or set net.ipv4.conf.IFACE.route_localnet=1, with a rule that drops what others send to 127.0.0.0/8.',
  silent: 'Rules for what the host itself sends (OUTPUT), and where route_localnet is 1.',
  references: [
    'net/ipv4/route.c: ip_route_input_slow()',
    'Documentation/networking/ip-sysctl.rst: route_localnet',
  ],
  find: (scope) => scope.rulesets.flatMap(rulesOf).flatMap((ref) => told(scope, ref)),
};

function told({ netns }: Scope, ref: RuleRef): Found[] {
  const to = dnatTargets(ref).find((address) => typeof address === 'number' && address >>> 24 === 127);
  const hooks = hooksReaching(ref.table).get(ref.chain.name);
  const { in: device } = ref.rule;
  if (to === undefined || !hooks?.has('PREROUTING') || device?.name === 'lo') return [];
  const names = [
    'net.ipv4.conf.all.route_localnet',
    ...(device && !device.invert && !device.wildcard
      ? [`net.ipv4.conf.${sysctlInterface(device.name)}.route_localnet`]
      : [...(netns.sysctls?.keys() ?? [])].filter((name) => name.endsWith('.route_localnet'))),
  ];
  const values = names.map((name) => sysctl(netns, name)).filter((value) => value !== undefined);
  if (values.some(({ value }) => value === '1')) return [];
  const known = values.length > 0 && values.every(({ assumed }) => assumed === undefined);
  return [
    {
      severity: known ? 'error' : 'warning',
      title: `${nameOfRule(ref)} translates to ${formatIp(to)}${known ? ', and route_localnet is 0' : ''}`,
      explanation: known
        ? 'What comes from outside is dropped after that, as a martian.'
        : 'What comes from outside is dropped after that, as a martian, unless net.ipv4.conf.IFACE.route_localnet is 1, which it isn’t by itself; that setting was not dumped.',
      at: ref,
    },
  ];
}
