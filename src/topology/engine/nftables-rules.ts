/** What Docker writes into its nftables tables (`ip docker-bridges`, `ip6 docker-bridges`): moby's nftabler. */
import { type Family, familyOf, formatEndpoint, formatIp } from '../../net/ip.ts';
import { formatPrefix } from '../../net/prefix.ts';
import type { Expected } from './expected.ts';
import { isRouted } from './iptables-rules.ts';
import type { EngineEndpoint, EngineNetwork, EngineState, Publication } from './state.ts';

/** As `Expected`; the forms are nft's words without counters and comments. */
export type NftExpected = Omit<Expected, 'table'>;

export interface NftOptions {
  readonly family: Family;
  readonly hairpin: boolean;
}

export function nftablesRules(state: EngineState, options: NftOptions): NftExpected[] {
  const { family, hairpin } = options;
  const loopback = family === 4 ? 'ip daddr != 127.0.0.0/8' : 'ip6 daddr != ::1';
  const local = 'fib daddr type local jump nat-prerouting-and-output';
  const engine: Row[] = [
    ['filter-FORWARD', 'oifname vmap @filter-forward-in-jumps'],
    ['filter-FORWARD', 'iifname vmap @filter-forward-out-jumps'],
    ['nat-PREROUTING', local],
    ['nat-OUTPUT', hairpin ? local : `${loopback} ${local}`],
    ['nat-POSTROUTING', 'iifname vmap @nat-postrouting-out-jumps'],
    ['nat-POSTROUTING', 'oifname vmap @nat-postrouting-in-jumps'],
  ];
  return [
    ...rows(family, { kind: 'engine' }, undefined, engine),
    ...state.networks
      .filter((network) => !network.assumed)
      .flatMap((network) => networkRules(network, options)),
    ...state.endpoints
      .filter(({ address, network }) => familyOf(address) === family && !network.internal)
      .flatMap((endpoint) => endpointRules(endpoint, family)),
    ...state.publications.flatMap((publication) => portRules(publication, options)),
  ];
}

type Row = readonly [chain: string, forms: string | readonly string[], optional?: 'optional'];

function rows(
  family: Family,
  purpose: Expected['purpose'],
  span: Expected['span'],
  list: readonly Row[],
): NftExpected[] {
  return list.map(([chain, forms, optional]) => ({
    family,
    chain,
    forms: typeof forms === 'string' ? [forms] : forms,
    optional: optional !== undefined,
    purpose,
    ...(span && { span }),
  }));
}

function networkRules(network: EngineNetwork, { family, hairpin }: NftOptions): NftExpected[] {
  const { bridge: br, icc, internal } = network;
  const subnet = network.subnets.find(({ address }) => familyOf(address) === family);
  if (!subnet) return [];
  const ip = family === 4 ? 'ip' : 'ip6';
  const source = network.source[family];
  const translate = source === undefined ? 'masquerade' : `snat to ${formatIp(source)}`;
  const verdict = icc ? 'accept' : 'drop';
  const into = `filter-forward-in__${br}`;
  const out = `filter-forward-out__${br}`;
  const list: Row[] = [
    [into, 'ct state established,related accept'],
    [out, 'ct state established,related accept'],
  ];
  if (internal) {
    list.push([into, `iifname != "${br}" drop`], [out, `oifname != "${br}" drop`], [into, verdict]);
  } else {
    list.push(
      [into, `iifname "${br}" ${verdict}`],
      [into, network.mode[family] === 'nat-unprotected' ? 'accept' : 'drop'],
      [out, 'accept'],
    );
    if (isRouted(network, family))
      list.push([into, family === 4 ? 'ip protocol icmp accept' : 'meta l4proto ipv6-icmp accept']);
    else if (network.masquerade)
      list.push([
        `nat-postrouting-out__${br}`,
        `oifname != "${br}" ${ip} saddr ${formatPrefix(subnet)} ${translate}`,
      ]);
    if (hairpin) list.push([`nat-postrouting-in__${br}`, `fib saddr type local ${translate}`]);
  }
  return rows(family, { kind: 'network', network: network.name }, network.span, list);
}

function endpointRules({ network, address, container, span }: EngineEndpoint, family: Family): NftExpected[] {
  if (network.mode[family] !== 'nat') return [];
  const ip = family === 4 ? 'ip' : 'ip6';
  const rule = `${ip} daddr ${formatIp(address)} iifname != "${network.bridge}" drop`;
  return rows(family, { kind: 'endpoint', network: network.name, container }, span, [
    ['raw-PREROUTING', rule, 'optional'],
  ]);
}

function portRules(publication: Publication, { family, hairpin }: NftOptions): NftExpected[] {
  const { container, protocol, containerPort, hostAddress, hostPort } = publication;
  if (hostAddress !== undefined && familyOf(hostAddress) !== family) return [];
  const targets = publication.targets.filter(
    ({ address, network }) => familyOf(address) === family && network.mode[family] !== 'isolated',
  );
  const ip = family === 4 ? 'ip' : 'ip6';
  const where = hostAddress === undefined ? '' : `${ip} daddr ${formatIp(hostAddress)} `;
  const dnat = targets
    .filter(({ network }) => !isRouted(network, family))
    .flatMap(({ network, address }) => {
      const own = hairpin ? '' : `iifname != "${network.bridge}" `;
      const to = `${protocol} dport ${hostPort} dnat to ${formatEndpoint(address, containerPort)}`;
      const linkLocal = family === 6 ? 'ip6 saddr != fe80::/10 ' : '';
      return [
        `${own}${linkLocal}${where}${to}`,
        `${linkLocal}${own}${where}${to}`,
        `${linkLocal}${where}${own}${to}`,
        `${own}${where}${linkLocal}${to}`,
      ];
    });
  const accept = targets
    .filter(({ network }) => network.mode[family] !== 'nat-unprotected')
    .map(
      ({ address, network }) =>
        [
          `filter-forward-in__${network.bridge}`,
          `${ip} daddr ${formatIp(address)} ${protocol} dport ${containerPort} accept`,
        ] as const,
    );
  const list: Row[] = [];
  if (dnat.length > 0) list.push(['nat-prerouting-and-output', dnat]);
  for (const [chain, form] of accept)
    list.push(accept.length > 1 ? [chain, form, 'optional'] : [chain, form]);
  const purpose = { kind: 'port', container, protocol, hostPort, containerPort } as const;
  return rows(family, purpose, publication.span, list);
}
