import { sysctl } from '../../snapshot/sysctl.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { counted } from '../grouped.ts';
import { rulesOfChain } from '../rules.ts';
import { rulesetsOf, type Scope } from '../scope.ts';

export const hostForwardOff: Check = {
  id: 'host-forward-off',
  title: 'FORWARD has rules, and the host forwards nothing',
  severity: 'warning',
  why: 'Packets for others are dropped by the routing decision while forwarding is off: they never come to FORWARD, and no rule there, nor DNAT to another host, does anything for them. Only what passes between two ports of one bridge comes there all the same, with br_netfilter.',
  repair:
    'sysctl -w net.ipv4.ip_forward=1 (net.ipv6.conf.all.forwarding=1), and the same in /etc/sysctl.d; or take the rules out.',
  silent:
    'Where the setting was not dumped, where single devices forward, and where FORWARD has nothing that accepts.',
  references: [
    'net/ipv4/route.c: ip_route_input_slow()',
    'Documentation/networking/ip-sysctl.rst: ip_forward',
  ],
  find: (scope) => [...told(scope, 4), ...told(scope, 6)],
};

function told(scope: Scope, family: 4 | 6): Found[] {
  const { netns } = scope;
  const name = family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding';
  const value = sysctl(netns, name);
  if (!value?.span || value.assumed !== undefined || value.value !== '0') return [];
  const pattern = new RegExp(`^net\\.ipv${family}\\.conf\\.[^.]+\\.(force_)?forwarding$`);
  if ([...(netns.sysctls ?? [])].some(([key, { value: one }]) => pattern.test(key) && one === '1')) return [];
  return rulesetsOf(scope, family).flatMap((ruleset) => {
    const table = ruleset.tables.get('filter');
    const chain = table?.chains.get('FORWARD');
    if (!table || !chain) return [];
    const refs = rulesOfChain(ruleset, table, chain);
    const accepting = refs.find(
      ({ rule }) => rule.target?.kind === 'verdict' && rule.target.verdict === 'ACCEPT',
    );
    if (!accepting || !value.span) return [];
    const bridged = netns.links?.some(({ kind }) => kind === 'bridge') ?? false;
    return [
      {
        title: `${counted(refs.length, 'rule')} in FORWARD, and ${name} is 0`,
        explanation: `The host routes nothing: what is for others is dropped before it comes to these rules.${bridged ? ' Only packets between the ports of one bridge do (bridge-nf-call-iptables).' : ''}`,
        at: accepting,
        involved: [{ at: value.span, role: `${name} = 0` }],
        suggestion: { text: 'If it is to forward:', commands: [`sysctl -w ${name}=1`] },
      },
    ];
  });
}
