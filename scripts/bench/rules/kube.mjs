// What kube-proxy 1.2x writes with iptables-restore for a number of services, as `iptables-save` gives it back. Seeded.

/** mulberry32 */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const PORTS = [80, 443, 8080, 8443, 9090, 5432, 6379, 9153, 3000, 53];

/**
 * `{ text, services, rules }`: at least so many rules; of each service its address, port, protocol and endpoints, with a node
 * port for one in ten, no endpoint for one in forty, and 1 to 5 endpoints else.
 */
export function kubeProxy(wanted, seed = 1) {
  const next = random(seed);
  const below = (n) => Math.floor(next() * n);
  const name = () => Array.from({ length: 16 }, () => BASE32[below(32)]).join('');
  const services = [];
  let count = 22;
  for (let i = 0; count < wanted; i++) {
    const protocol = next() < 0.1 ? 'udp' : 'tcp';
    const endpoints = next() < 0.025 ? 0 : [1, 1, 2, 2, 3, 3, 3, 4, 5][below(9)];
    const service = {
      title: `team-${i % 40}/${['api', 'web', 'cache', 'db', 'queue'][i % 5]}-${i}:${protocol === 'udp' ? 'dns' : 'http'}`,
      address: `10.${96 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
      port: PORTS[below(PORTS.length)],
      protocol,
      chain: name(),
      nodePort: endpoints > 0 && next() < 0.1 && i < 27000 ? 30000 + Math.floor(i / 10) : undefined,
      endpoints: Array.from({ length: endpoints }, () => ({
        address: `10.244.${below(250)}.${2 + below(250)}`,
        port: 1024 + below(20000),
        chain: name(),
      })),
    };
    services.push(service);
    count += endpoints === 0 ? 1 : 2 + 3 * endpoints + (service.nodePort === undefined ? 0 : 3);
  }
  return { text: write(services), services, rules: count };
}

function write(services) {
  const live = services.filter(({ endpoints }) => endpoints.length > 0);
  const published = live.filter(({ nodePort }) => nodePort !== undefined);
  const quoted = (words) => `-m comment --comment "${words}"`;
  const toService = ({ title, address, port, protocol }) =>
    `-d ${address}/32 -p ${protocol} ${quoted(`${title} cluster IP`)} -m ${protocol} --dport ${port}`;
  const lines = ['*mangle', ':PREROUTING ACCEPT [0:0]', ':INPUT ACCEPT [0:0]', ':FORWARD ACCEPT [0:0]'];
  lines.push(':OUTPUT ACCEPT [0:0]', ':POSTROUTING ACCEPT [0:0]', ':KUBE-KUBELET-CANARY - [0:0]', 'COMMIT');
  lines.push('*filter', ':INPUT ACCEPT [0:0]', ':FORWARD ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]');
  const filter = ['EXTERNAL-SERVICES', 'FIREWALL', 'FORWARD', 'NODEPORTS', 'PROXY-FIREWALL', 'SERVICES'];
  for (const chain of filter) lines.push(`:KUBE-${chain} - [0:0]`);
  const fresh = '-m conntrack --ctstate NEW';
  const firewall = `${fresh} ${quoted('kubernetes load balancer firewall')} -j KUBE-PROXY-FIREWALL`;
  const portals = `${fresh} ${quoted('kubernetes service portals')} -j KUBE-SERVICES`;
  const outside = `${fresh} ${quoted('kubernetes externally-visible service portals')} -j KUBE-EXTERNAL-SERVICES`;
  lines.push(
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
  );
  for (const service of services) {
    if (service.endpoints.length > 0) continue;
    const { title, address, port, protocol } = service;
    lines.push(
      `-A KUBE-SERVICES -d ${address}/32 -p ${protocol} ${quoted(`${title} has no endpoints`)} -m ${protocol} --dport ${port} -j REJECT --reject-with icmp-port-unreachable`,
    );
  }
  lines.push('COMMIT', '*nat', ':PREROUTING ACCEPT [0:0]', ':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]');
  lines.push(':POSTROUTING ACCEPT [0:0]');
  const chains = ['MARK-MASQ', 'NODEPORTS', 'POSTROUTING', 'SERVICES'].map((each) => `KUBE-${each}`);
  for (const { chain } of published) chains.push(`KUBE-EXT-${chain}`);
  for (const { chain, endpoints } of live) {
    chains.push(`KUBE-SVC-${chain}`, ...endpoints.map((endpoint) => `KUBE-SEP-${endpoint.chain}`));
  }
  for (const chain of chains.toSorted()) lines.push(`:${chain} - [0:0]`);
  lines.push(
    `-A PREROUTING ${quoted('kubernetes service portals')} -j KUBE-SERVICES`,
    `-A OUTPUT ${quoted('kubernetes service portals')} -j KUBE-SERVICES`,
    `-A POSTROUTING ${quoted('kubernetes postrouting rules')} -j KUBE-POSTROUTING`,
  );
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
  lines.push('COMMIT', '');
  return lines.join('\n');
}
