import { describe, expect, it } from 'vitest';
import { kubeService } from '../../src/diagnose/kube-service.ts';
import type { Step, Trace } from '../../src/netstack/hop.ts';

type RuleStep = Extract<Step, { kind: 'rule' }>;

function step(table: 'nat' | 'filter', text: string): RuleStep {
  const [, chain = ''] = text.split(' ');
  return { kind: 'rule', hook: 'INPUT', table, chain, number: 1, target: '', text };
}

/** A packet that met these rules in that order, the last of them its end. */
function met(...rules: readonly RuleStep[]): Pick<Trace, 'rule' | 'hops'> {
  const rule = rules.at(-1);
  return { ...(rule && { rule }), hops: [{ namespace: 'host', steps: [...rules] }] };
}

const FIREWALL = step(
  'filter',
  '-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP',
);

/** Rules as kube-proxy of several releases writes them, and what they say. */
const ROWS: readonly (readonly [string, readonly RuleStep[], readonly string[] | undefined])[] = [
  [
    '1.28, no endpoints',
    [
      step(
        'filter',
        '-A KUBE-SERVICES -d 10.96.0.9/32 -p tcp -m comment --comment "a/b:c has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable',
      ),
    ],
    ['a', 'b', 'c', 'endpoints'],
  ],
  [
    'no endpoints, a service of one port without a name',
    [
      step(
        'filter',
        '-A KUBE-SERVICES -d 10.96.0.9/32 -p udp -m comment --comment "kube-system/dns.v2 has no endpoints" -m udp --dport 53 -j REJECT --reject-with icmp-port-unreachable',
      ),
    ],
    ['kube-system', 'dns.v2', '', 'endpoints'],
  ],
  [
    'no endpoints, reset',
    [
      step(
        'filter',
        '-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "a/b:c has no endpoints" -m tcp --dport 30001 -j REJECT --reject-with tcp-reset',
      ),
    ],
    ['a', 'b', 'c', 'endpoints'],
  ],
  [
    '1.24, no local endpoints',
    [
      step(
        'filter',
        '-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "a/b:c has no local endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30001 -j DROP',
      ),
    ],
    ['a', 'b', 'c', 'local endpoints'],
  ],
  [
    '1.19, marked by KUBE-XLB, and by KUBE-FW behind it',
    [
      step('nat', '-A KUBE-XLB-QGX2 -m comment --comment "a/b:c has no local endpoints" -j KUBE-MARK-DROP'),
      step('nat', '-A KUBE-FW-QGX2 -m comment --comment "a/b:c loadbalancer IP" -j KUBE-MARK-DROP'),
      FIREWALL,
    ],
    ['a', 'b', 'c', 'local endpoints'],
  ],
  [
    '1.23, marked by KUBE-SVL',
    [
      step('nat', '-A KUBE-SVL-QGX2 -m comment --comment "a/b:c has no local endpoints" -j KUBE-MARK-DROP'),
      FIREWALL,
    ],
    ['a', 'b', 'c', 'local endpoints'],
  ],
  [
    '1.19, of no source range',
    [step('nat', '-A KUBE-FW-QGX2 -m comment --comment "a/b:c loadbalancer IP" -j KUBE-MARK-DROP'), FIREWALL],
    ['a', 'b', 'c', 'permission'],
  ],
  [
    '1.27, of no source range',
    [
      step(
        'filter',
        '-A KUBE-PROXY-FIREWALL -d 203.0.113.9/32 -p tcp -m comment --comment "a/b:c traffic not accepted by KUBE-FW-QGX2" -m tcp --dport 80 -j DROP',
      ),
    ],
    ['a', 'b', 'c', 'permission'],
  ],
  [
    'marked by somebody else',
    [step('nat', '-A PREROUTING -j MARK --set-xmark 0x8000/0x8000'), FIREWALL],
    undefined,
  ],
  [
    'KUBE-FIREWALL’s other rule',
    [
      step(
        'filter',
        '-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -j DROP',
      ),
    ],
    undefined,
  ],
  [
    'a comment that is no name of Kubernetes goes into no command',
    [step('filter', '-A X -m comment --comment "a;reboot/b has no endpoints" -j DROP')],
    undefined,
  ],
];

describe('kube-proxy’s rules without endpoints', () => {
  it.each(ROWS)('%s', (_name, rules, wanted) => {
    const service = kubeService(met(...rules));
    expect(service && [service.namespace, service.name, service.port ?? '', service.lacks]).toEqual(wanted);
  });
});
