// What kube-proxy 1.2x writes with iptables-restore for a number of services, as `iptables-save` gives it back. Seeded.

import { Random } from '../traffic/random.mjs';
import { FILTER_POLICIES, NAT_POLICIES, table } from './table.mjs';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const PORTS = [80, 443, 8080, 8443, 9090, 5432, 6379, 9153, 3000, 53];

/**
 * `text` of about so many rules, and `services`, of each its address, port, protocol and endpoints, with a node port for one in ten,
 * no endpoint for one in forty, and 1 to 5 endpoints else.
 * @param {number} wanted
 * @param {{ more?: readonly string[], seed?: number }} [options] `more`: rules of the nat table's POSTROUTING
 */
export function kubeProxy(wanted, { more = [], seed = 1 } = {}) {
  const random = new Random(seed);
  const name = () => Array.from({ length: 16 }, () => BASE32[random.below(32)]).join('');
  const services = [];
  let count = FIXED + more.length;
  for (let i = 0; count < wanted; i++) {
    const protocol = random.below(10) === 0 ? 'udp' : 'tcp';
    const endpoints = random.below(40) === 0 ? 0 : [1, 1, 2, 2, 3, 3, 3, 4, 5][random.below(9)];
    const service = {
      title: `team-${i % 40}/${['api', 'web', 'cache', 'db', 'queue'][i % 5]}-${i}:${protocol === 'udp' ? 'dns' : 'http'}`,
      address: `10.${96 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
      port: PORTS[random.below(PORTS.length)],
      protocol,
      chain: name(),
      nodePort: endpoints > 0 && random.below(10) === 0 && i < 27000 ? 30000 + Math.floor(i / 10) : undefined,
      endpoints: Array.from({ length: endpoints }, () => ({
        address: `10.244.${random.below(250)}.${2 + random.below(250)}`,
        port: 1024 + random.below(20000),
        chain: name(),
      })),
    };
    services.push(service);
    count += endpoints === 0 ? 1 : 2 + 3 * endpoints + (service.nodePort === undefined ? 0 : 3);
  }
  return { text: write(services, more), services, rules: count };
}

/** Rules that are there without services. */
const FIXED = 23;

function write(services, more) {
  const live = services.filter(({ endpoints }) => endpoints.length > 0);
  const published = live.filter(({ nodePort }) => nodePort !== undefined);
  return (
    table('mangle', { ...NAT_POLICIES, FORWARD: 'ACCEPT' }, ['KUBE-KUBELET-CANARY'], []) +
    table('filter', FILTER_POLICIES, FILTER_CHAINS, filterRules(services)) +
    table('nat', NAT_POLICIES, natChains(live, published), natRules(live, published, more))
  );
}

const quoted = (words) => `-m comment --comment "${words}"`;

const toService = ({ title, address, port, protocol }) =>
  `-d ${address}/32 -p ${protocol} ${quoted(`${title} cluster IP`)} -m ${protocol} --dport ${port}`;

const FILTER_CHAINS = [
  'EXTERNAL-SERVICES',
  'FIREWALL',
  'FORWARD',
  'NODEPORTS',
  'PROXY-FIREWALL',
  'SERVICES',
].map((name) => `KUBE-${name}`);

function filterRules(services) {
  const fresh = '-m conntrack --ctstate NEW';
  const firewall = `${fresh} ${quoted('kubernetes load balancer firewall')} -j KUBE-PROXY-FIREWALL`;
  const portals = `${fresh} ${quoted('kubernetes service portals')} -j KUBE-SERVICES`;
  const outside = `${fresh} ${quoted('kubernetes externally-visible service portals')} -j KUBE-EXTERNAL-SERVICES`;
  const lines = [
    `-A INPUT ${firewall}`,
    `-A INPUT ${quoted('kubernetes health check service ports')} -j KUBE-NODEPORTS`,
    `-A INPUT ${outside}`,
    '-A INPUT -j KUBE-FIREWALL',
    `-A FORWARD ${firewall}`,
    `-A FORWARD ${quoted('kubernetes forwarding rules')} -j KUBE-FORWARD`,
    `-A FORWARD ${portals}`,
    `-A FORWARD ${outside}`,
    `-A OUTPUT ${firewall}`,
    `-A OUTPUT ${portals}`,
    '-A OUTPUT -j KUBE-FIREWALL',
    `-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 ${quoted('block incoming localnet connections')} -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP`,
    '-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP',
    `-A KUBE-FORWARD ${quoted('kubernetes forwarding rules')} -m mark --mark 0x4000/0x4000 -j ACCEPT`,
    `-A KUBE-FORWARD ${quoted('kubernetes forwarding conntrack rule')} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
  ];
  for (const service of services) {
    if (service.endpoints.length > 0) continue;
    const { title, address, port, protocol } = service;
    lines.push(
      `-A KUBE-SERVICES -d ${address}/32 -p ${protocol} ${quoted(`${title} has no endpoints`)} -m ${protocol} --dport ${port} -j REJECT --reject-with icmp-port-unreachable`,
    );
  }
  return lines;
}

function natChains(live, published) {
  const chains = ['MARK-MASQ', 'NODEPORTS', 'POSTROUTING', 'SERVICES'].map((each) => `KUBE-${each}`);
  for (const { chain } of published) chains.push(`KUBE-EXT-${chain}`);
  for (const { chain, endpoints } of live) {
    chains.push(`KUBE-SVC-${chain}`, ...endpoints.map((endpoint) => `KUBE-SEP-${endpoint.chain}`));
  }
  return chains.toSorted();
}

function natRules(live, published, more) {
  const lines = [
    `-A PREROUTING ${quoted('kubernetes service portals')} -j KUBE-SERVICES`,
    `-A OUTPUT ${quoted('kubernetes service portals')} -j KUBE-SERVICES`,
    `-A POSTROUTING ${quoted('kubernetes postrouting rules')} -j KUBE-POSTROUTING`,
    ...more,
  ];
  for (const { title, chain } of published) {
    lines.push(
      `-A KUBE-EXT-${chain} ${quoted(`masquerade traffic for ${title} external destinations`)} -j KUBE-MARK-MASQ`,
      `-A KUBE-EXT-${chain} -j KUBE-SVC-${chain}`,
    );
  }
  lines.push('-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000');
  for (const { title, chain, protocol, nodePort } of published) {
    lines.push(
      `-A KUBE-NODEPORTS -p ${protocol} ${quoted(title)} -m ${protocol} --dport ${nodePort} -j KUBE-EXT-${chain}`,
    );
  }
  lines.push(
    '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
    '-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0',
    `-A KUBE-POSTROUTING ${quoted('kubernetes service traffic requiring SNAT')} -j MASQUERADE --random-fully`,
  );
  for (const { title, protocol, endpoints } of live) {
    for (const { address, port, chain } of endpoints) {
      lines.push(
        `-A KUBE-SEP-${chain} -s ${address}/32 ${quoted(title)} -j KUBE-MARK-MASQ`,
        `-A KUBE-SEP-${chain} -p ${protocol} ${quoted(title)} -m ${protocol} -j DNAT --to-destination ${address}:${port}`,
      );
    }
  }
  for (const service of live)
    lines.push(`-A KUBE-SERVICES ${toService(service)} -j KUBE-SVC-${service.chain}`);
  lines.push(
    `-A KUBE-SERVICES ${quoted('kubernetes service nodeports; NOTE: this must be the last rule in this chain')} -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`,
  );
  for (const service of live) {
    const { title, chain, endpoints } = service;
    lines.push(`-A KUBE-SVC-${chain} ! -s 10.244.0.0/16 ${toService(service)} -j KUBE-MARK-MASQ`);
    for (const [i, endpoint] of endpoints.entries()) {
      const left = endpoints.length - i;
      const chance = left === 1 ? '' : ` -m statistic --mode random --probability ${(1 / left).toFixed(11)}`;
      lines.push(
        `-A KUBE-SVC-${chain} ${quoted(`${title} -> ${endpoint.address}:${endpoint.port}`)}${chance} -j KUBE-SEP-${endpoint.chain}`,
      );
    }
  }
  return lines;
}
