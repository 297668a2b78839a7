/** What kube-proxy in iptables mode writes for services with three endpoints each: eleven rules a service. */
import { FILTER_POLICIES, NAT_POLICIES, table } from './table.mjs';

const PER_SERVICE = 11;
const ENDPOINTS = 3;
/** A third, then a half of what is left: in the kernel's 31 bits. */
const LOTS = ['0.33333333349', '0.50000000000'];
const PODS = '10.244.0.0/16';

export function serviceAddress(index) {
  return `10.${96 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}

export function servicePort(index) {
  return 80 + (index % 4) * 363;
}

export function endpointAddress(service, endpoint) {
  const index = service * ENDPOINTS + endpoint + 2;
  return `10.244.${(index >> 8) & 255}.${index & 255}`;
}

export function servicesOf(rules) {
  return Math.max(1, Math.round(rules / PER_SERVICE));
}

/** Sixteen characters as kube-proxy makes them of a hash. */
function suffix(kind, index) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let state = (Math.imul(index + 1, 2654435761) ^ Math.imul(kind + 7, 40503)) >>> 0;
  let text = '';
  for (let at = 0; at < 16; at++) {
    state = (Math.imul(state ^ (state >>> 13), 1540483477) + at + index) >>> 0;
    text += letters[state >>> 27];
  }
  return text;
}

/** @param {number} rules about so many in all @param {readonly string[]} [more] rules of the nat table's POSTROUTING */
export function kubeProxy(rules, more = []) {
  const chains = ['KUBE-MARK-MASQ', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-SERVICES'];
  const nat = [
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    ...more,
    '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000',
    '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
    '-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0',
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
  ];
  for (let service = 0; service < servicesOf(rules); service++) {
    const chain = `KUBE-SVC-${suffix(0, service)}`;
    const port = servicePort(service);
    const match = `-d ${serviceAddress(service)}/32 -p tcp -m comment --comment "shop/svc-${service}:http cluster IP" -m tcp --dport ${port}`;
    chains.push(chain);
    nat.push(`-A KUBE-SERVICES ${match} -j ${chain}`);
    nat.push(`-A ${chain} ! -s ${PODS} ${match} -j KUBE-MARK-MASQ`);
    for (let endpoint = 0; endpoint < ENDPOINTS; endpoint++) {
      const own = `KUBE-SEP-${suffix(1 + endpoint, service)}`;
      const address = endpointAddress(service, endpoint);
      const comment = `-m comment --comment "shop/svc-${service}:http"`;
      const lot = LOTS[endpoint];
      const statistic = lot === undefined ? '' : ` -m statistic --mode random --probability ${lot}`;
      chains.push(own);
      nat.push(
        `-A ${chain} -m comment --comment "shop/svc-${service}:http -> ${address}:8080"${statistic} -j ${own}`,
      );
      nat.push(`-A ${own} -s ${address}/32 ${comment} -j KUBE-MARK-MASQ`);
      nat.push(`-A ${own} -p tcp ${comment} -m tcp -j DNAT --to-destination ${address}:8080`);
    }
  }
  nat.push(
    '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS',
  );
  const filter = [
    '-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL',
    '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
    '-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP',
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT',
    '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  ];
  return (
    table('filter', FILTER_POLICIES, ['KUBE-FORWARD', 'KUBE-PROXY-FIREWALL'], filter) +
    table('nat', NAT_POLICIES, chains, nat)
  );
}
