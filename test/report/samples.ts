/** Analyses made by hand: each shows the report something that it has to lay out. */

import type { Hop } from '../../src/netstack/hop.ts';
import type { Analysis, AnalysisFlow } from '../../src/report/analysis.ts';

const BUNDLE = './incident';
const BR0 = `${BUNDLE}/captures/host/br0.pcap`;
const ETH0 = `${BUNDLE}/captures/host/eth0.pcap`;
const RULES = `${BUNDLE}/namespaces/host/iptables-save.txt`;
const SYSCTL = `${BUNDLE}/namespaces/host/sysctl.txt`;

const fromAnt: Hop = {
  namespace: 'ant',
  out: 'eth0',
  nexthop: '10.9.0.1',
  steps: [
    {
      kind: 'route',
      decision: 'forward',
      route: 'default via 10.9.0.1 dev eth0',
      out: 'eth0',
      via: '10.9.0.1',
      path: `${BUNDLE}/namespaces/ant/ip-route.json`,
      line: 1,
    },
    { kind: 'conntrack', state: 'NEW', direction: 'original' },
  ],
};

const diesInHost: Hop = {
  namespace: 'host',
  in: 'br0',
  physin: 'veth-ant',
  steps: [
    { kind: 'conntrack', state: 'NEW', direction: 'original' },
    {
      kind: 'drop',
      cause: 'fwd-ip-forward-off',
      text: 'net.ipv4.ip_forward is 0',
      reason: 'IP_INADDRERRORS',
    },
  ],
};

const published: Hop = {
  namespace: 'host',
  in: 'eth0',
  out: 'docker0',
  physout: 'veth12ab',
  nexthop: '172.17.0.2',
  steps: [
    { kind: 'conntrack', state: 'NEW', direction: 'original' },
    {
      kind: 'rule',
      hook: 'PREROUTING',
      table: 'nat',
      chain: 'PREROUTING',
      number: 1,
      target: 'DOCKER',
      text: '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
      line: 8,
      path: RULES,
    },
    {
      kind: 'rule',
      hook: 'PREROUTING',
      table: 'nat',
      chain: 'DOCKER',
      number: 2,
      target: 'DNAT',
      text: '-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80',
      line: 15,
      path: RULES,
    },
    { kind: 'nat', manip: 'dst', from: '192.0.2.10:8080', to: '172.17.0.2:80' },
    {
      kind: 'route',
      decision: 'forward',
      route: '172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1',
      out: 'docker0',
    },
    {
      kind: 'rule',
      hook: 'FORWARD',
      table: 'filter',
      chain: 'FORWARD',
      number: 1,
      target: 'DOCKER-USER',
      text: '-A FORWARD -j DOCKER-USER',
      line: 30,
      path: RULES,
    },
    {
      kind: 'rule',
      hook: 'FORWARD',
      table: 'filter',
      chain: 'DOCKER-USER',
      number: 3,
      target: 'DROP',
      text: '-A DOCKER-USER -s 198.51.100.0/24 -m conntrack --ctstate NEW -m comment --comment "no \u202enew ones from there" -j DROP',
      line: 44,
      path: RULES,
    },
    { kind: 'drop', cause: 'flt-docker-user-drop', text: 'rule 3 of DOCKER-USER drops it' },
  ],
};

function flow(id: number, parts: Partial<AnalysisFlow>): AnalysisFlow {
  return {
    id,
    protocol: 'icmp',
    client: { address: '10.9.0.20', namespace: 'ant' },
    server: { address: '198.51.100.7' },
    start: 1767261602.5,
    end: 1767261605.5,
    packets: { forward: 3, reply: 0 },
    status: 'dropped',
    sightings: [{ capture: BR0, packets: 3, direction: 'forward', tuple: '10.9.0.20 > 198.51.100.7' }],
    predicted: [fromAnt, diesInHost],
    findings: [0],
    ...parts,
  };
}

export const forwardOff: Analysis = {
  schema: 'nettrace-analysis/1',
  inputs: [
    { path: BR0, kind: 'pcap', namespace: 'host', interface: 'br0', packets: 18, warnings: [] },
    { path: ETH0, kind: 'pcap', namespace: 'host', interface: 'eth0', packets: 4, warnings: [] },
    { path: RULES, kind: 'iptables-save', namespace: 'host', warnings: [] },
    { path: SYSCTL, kind: 'sysctl', namespace: 'host', warnings: [] },
    { path: `${BUNDLE}/namespaces/ant/ip-route.json`, kind: 'ip-route', namespace: 'ant', warnings: [] },
  ],
  topology: {
    namespaces: [
      {
        name: 'ant',
        inferred: false,
        links: [
          { name: 'lo', index: 1, up: true, addresses: ['127.0.0.1/8', '::1/128'] },
          {
            name: 'eth0',
            index: 2,
            kind: 'veth',
            mac: '02:00:00:00:09:20',
            up: true,
            addresses: ['10.9.0.20/24'],
            peer: { namespace: 'host', interface: 'veth-ant' },
          },
        ],
        routes: [
          'default via 10.9.0.1 dev eth0',
          '10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.20',
        ],
      },
      {
        name: 'host',
        inferred: false,
        links: [
          { name: 'lo', index: 1, up: true, addresses: ['127.0.0.1/8'] },
          { name: 'eth0', index: 2, mac: '02:00:00:00:01:02', up: true, addresses: ['192.0.2.10/24'] },
          { name: 'br0', index: 3, kind: 'bridge', up: true, addresses: ['10.9.0.1/24'] },
          {
            name: 'veth-ant',
            index: 4,
            kind: 'veth',
            up: true,
            master: 'br0',
            addresses: [],
            peer: { namespace: 'ant', interface: 'eth0' },
          },
          { name: 'veth-gone', index: 5, kind: 'veth', up: false, master: 'br0', addresses: [] },
        ],
        routes: [
          'default via 192.0.2.1 dev eth0',
          '10.9.0.0/24 dev br0 proto kernel scope link src 10.9.0.1',
        ],
      },
      {
        name: 'web',
        container: 'shop-web-1',
        inferred: true,
        links: [{ name: 'eth0', inferred: true, addresses: ['172.17.0.2/16'] }],
        routes: [],
      },
    ],
    captures: [
      { path: BR0, namespace: 'host', interface: 'br0', by: 'bundle' },
      { path: ETH0, namespace: 'host', interface: 'eth0', by: 'bundle' },
    ],
    missing: [
      {
        namespace: 'host',
        dump: 'ip-rule',
        text: 'no `ip rule`; the kernel’s three default rules are assumed',
      },
      {
        namespace: 'ant',
        dump: 'ip-rule',
        text: 'no `ip rule`; the kernel’s three default rules are assumed',
      },
      {
        namespace: 'ant',
        dump: 'iptables-save',
        text: 'its packet filter is not known; no rules are assumed',
      },
    ],
  },
  flows: [
    flow(1, {
      divergence: {
        namespace: 'host',
        after: 'br0',
        text: 'Seen last coming in on br0 of host, as predicted; nothing of it on eth0, which was captured at the time.',
      },
    }),
    flow(2, {
      client: { address: '10.9.0.20', namespace: 'ant' },
      server: { address: '192.0.2.10', namespace: 'host' },
      packets: { forward: 3, reply: 3 },
      status: 'delivered',
      findings: [],
    }),
    flow(3, {
      protocol: 'tcp',
      client: { address: '10.9.0.20', port: 40112, namespace: 'ant' },
      server: { address: '198.51.100.7', port: 443 },
    }),
  ],
  findings: [
    {
      cause: 'fwd-ip-forward-off',
      severity: 'error',
      confidence: 0.98,
      title: 'the host does not forward: net.ipv4.ip_forward is 0',
      explanation:
        'The echo request to 198.51.100.7 reaches the host on br0 and has to be forwarded, but net.ipv4.ip_forward is 0. The kernel then drops every packet that is not for one of its own addresses, in the routing decision: the raw, mangle and nat PREROUTING chains have run, FORWARD and POSTROUTING never do. No ICMP error is sent, so the sender only sees silence.',
      namespace: 'host',
      sysctl: 'net.ipv4.ip_forward',
      flows: [1, 3],
      evidence: [
        { path: SYSCTL, line: 213, text: 'net.ipv4.ip_forward = 0' },
        { path: BR0, packet: 5, text: 'the echo request comes in: 10.9.0.20 > 198.51.100.7, ttl 64' },
        { path: ETH0, text: 'holds none of the 3 requests, though it was capturing at that time' },
      ],
      fix: {
        commands: ['sysctl -w net.ipv4.ip_forward=1'],
        verified: true,
        effect: 'the echo request then leaves by eth0, still with its private source address',
      },
      next: {
        cause: 'nat-masquerade-missing',
        title: 'nothing translates the source 10.9.0.20, so no answer finds its way back',
        commands: ['iptables -t nat -A POSTROUTING -s 10.9.0.0/24 -o eth0 -j MASQUERADE'],
      },
    },
  ],
  warnings: [
    { path: RULES, line: 31, text: 'unknown match `frob`: the rule is kept, what it matches is unknown' },
  ],
};

export const ruleDrop: Analysis = {
  ...forwardOff,
  flows: [
    ...forwardOff.flows,
    flow(4, {
      protocol: 'tcp',
      client: { address: '198.51.100.77', port: 51512 },
      server: { address: '192.0.2.10', port: 8080, name: 'shop-web-1' },
      packets: { forward: 5, reply: 0 },
      sightings: [
        { capture: ETH0, packets: 5, direction: 'forward', tuple: '198.51.100.77:51512 > 192.0.2.10:8080' },
      ],
      predicted: [published],
      findings: [1],
    }),
  ],
  findings: [
    ...forwardOff.findings,
    {
      cause: 'flt-docker-user-drop',
      severity: 'error',
      confidence: 0.9,
      title: 'rule 3 of DOCKER-USER drops new connections from 198.51.100.0/24',
      explanation:
        'The SYN is translated to the container and then forwarded through DOCKER-USER, whose third rule drops it.',
      namespace: 'host',
      rule: {
        family: 4,
        table: 'filter',
        chain: 'DOCKER-USER',
        number: 3,
        text: '-A DOCKER-USER -s 198.51.100.0/24 -m conntrack --ctstate NEW -j DROP',
        path: RULES,
        line: 44,
      },
      flows: [4],
      evidence: [
        {
          path: RULES,
          line: 44,
          text: '[5:300] -A DOCKER-USER -s 198.51.100.0/24 -m conntrack --ctstate NEW -j DROP',
        },
      ],
      fix: {
        commands: ['iptables -D DOCKER-USER 3'],
        verified: false,
        effect: 'the SYN reaches the container; whether it listens on port 80 is not known',
      },
    },
  ],
};
