/** What Docker writes by iptables, by generation: libnetwork's bridge driver, setup_ip_tables and port mappings, and its iptabler. */
import { bitsOf, type Family, familyOf, formatEndpoint, formatIp, type Ip } from '../../net/ip.ts';
import { formatPrefix } from '../../net/prefix.ts';
import type { TableName } from '../../xtables/rule.ts';
import type { Expected, Purpose } from './expected.ts';
import type { Generation } from './generation.ts';
import type { EngineEndpoint, EngineNetwork, EngineState, Publication } from './state.ts';

export interface RulesOptions {
  /** Undefined: only what all generations have in common. */
  readonly generation?: Exclude<Generation, 'nftables'>;
  readonly family: Family;
  /** The userland proxy is off; undefined: either. */
  readonly hairpin?: boolean;
}

export function iptablesRules(state: EngineState, options: RulesOptions): Expected[] {
  const { family } = options;
  const networks = state.networks.filter(
    (network) => !network.assumed && network.subnets.some(({ address }) => familyOf(address) === family),
  );
  return [
    ...engineRules(options),
    ...networks.flatMap((network) => networkRules(network, options)),
    ...state.endpoints
      .filter(({ address, network }) => familyOf(address) === family && network.bridgeKnown)
      .flatMap((endpoint) => endpointRules(endpoint, options)),
    ...state.publications.flatMap((publication) => {
      const known = publication.targets.every(({ network }) => network.bridgeKnown);
      const list = portRules(publication, options);
      return known ? list : list.map((each) => ({ ...each, anyInterface: true }));
    }),
  ];
}

type Row = readonly [
  table: TableName,
  chain: string,
  forms: string | readonly string[],
  optional?: 'optional',
];

function rows(
  { family }: RulesOptions,
  purpose: Purpose,
  span: Expected['span'],
  list: readonly Row[],
): Expected[] {
  return list.map(([table, chain, forms, optional]) => ({
    family,
    table,
    chain,
    forms: typeof forms === 'string' ? [forms] : forms,
    optional: optional !== undefined,
    purpose,
    ...(span && { span }),
  }));
}

/** Chains and the jumps between them. */
function engineRules(options: RulesOptions): Expected[] {
  const { generation, family, hairpin } = options;
  const local = '-m addrtype --dst-type LOCAL -j DOCKER';
  const outside = `! -d ${family === 4 ? '127.0.0.0/8' : '::1/128'} ${local}`;
  const output = hairpin === undefined ? [outside, local] : hairpin ? [local] : [outside];
  const set = `docker-ext-bridges-v${family}`;
  const list: Row[] = [
    ['nat', 'PREROUTING', local],
    ['nat', 'OUTPUT', output],
    ['filter', 'FORWARD', '-j DOCKER-USER', 'optional'],
  ];
  if (generation === 'stages' || generation === 'ipset')
    list.push(['filter', 'FORWARD', '-j DOCKER-ISOLATION-STAGE-1']);
  if (generation === 'ipset') {
    list.push(
      [
        'filter',
        'FORWARD',
        `-m set --match-set ${set} dst -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      ],
      ['filter', 'FORWARD', `-m set --match-set ${set} dst -j DOCKER`],
    );
  }
  if (generation === 'forward') {
    list.push(
      ['filter', 'FORWARD', '-j DOCKER-FORWARD'],
      ['filter', 'DOCKER-FORWARD', '-j DOCKER-CT'],
      ['filter', 'DOCKER-FORWARD', '-j DOCKER-INTERNAL'],
      ['filter', 'DOCKER-FORWARD', '-j DOCKER-BRIDGE'],
    );
  }
  return rows(options, { kind: 'engine' }, undefined, list);
}

function networkRules(network: EngineNetwork, options: RulesOptions): Expected[] {
  const { family } = options;
  const { bridge: br } = network;
  const subnet = network.subnets.find(({ address }) => familyOf(address) === family);
  if (!subnet) return [];
  const prefix = formatPrefix(subnet);
  const list = network.internal
    ? internalRows(network, prefix, options)
    : [...natRows(network, prefix, options), ...forwardRows(br, network, options)];
  return rows(options, { kind: 'network', network: network.name }, network.span, list);
}

/** An internal network's packets stay on its bridge. */
function internalRows({ bridge: br, icc }: EngineNetwork, subnet: string, options: RulesOptions): Row[] {
  const { generation, family } = options;
  if (generation === undefined) return [];
  const chain = generation === 'forward' ? 'DOCKER-INTERNAL' : 'DOCKER-ISOLATION-STAGE-1';
  const [leaving, coming] =
    family === 4
      ? [`! -d ${subnet} -i ${br} -j DROP`, `! -s ${subnet} -o ${br} -j DROP`]
      : [`! -d ${subnet} -i ${br} ! -o ${br} -j DROP`, `! -s ${subnet} ! -i ${br} -o ${br} -j DROP`];
  return [
    ['filter', chain, leaving],
    ['filter', chain, coming],
    ['filter', generation === 'forward' ? 'DOCKER-FORWARD' : 'FORWARD', iccRow(br, icc)],
  ];
}

function iccRow(br: string, icc: boolean): string {
  return `-i ${br} -o ${br} -j ${icc ? 'ACCEPT' : 'DROP'}`;
}

function natRows(network: EngineNetwork, subnet: string, options: RulesOptions): Row[] {
  const { generation, family, hairpin } = options;
  const { bridge: br } = network;
  const routed = isRouted(network, family);
  const source = network.source[family];
  const target = source === undefined ? 'MASQUERADE' : `SNAT --to-source ${formatIp(source)}`;
  const list: Row[] = [];
  if (network.masquerade && !routed)
    list.push(['nat', 'POSTROUTING', `-s ${subnet} ! -o ${br} -j ${target}`]);
  const local = `-o ${br} -m addrtype --src-type LOCAL -j ${target}`;
  if (hairpin === true) list.push(['nat', 'POSTROUTING', local]);
  if (hairpin === true) return list;
  // 28.2 left it out; before, what comes from the own bridge was never translated.
  const wanted = generation === 'stages' && network.masquerade && !routed && hairpin === false;
  list.push(['nat', 'DOCKER', `-i ${br} -j RETURN`, ...(wanted ? [] : (['optional'] as const))] as Row);
  return list;
}

function forwardRows(br: string, network: EngineNetwork, options: RulesOptions): Row[] {
  const { generation, family } = options;
  if (generation === undefined) return [];
  const { icc } = network;
  const answers = `-o ${br} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`;
  if (generation === 'stages') {
    return [
      ['filter', 'FORWARD', answers],
      ['filter', 'FORWARD', `-o ${br} -j DOCKER`],
      ['filter', 'FORWARD', `-i ${br} ! -o ${br} -j ACCEPT`],
      ['filter', 'FORWARD', iccRow(br, icc)],
      ['filter', 'DOCKER-ISOLATION-STAGE-1', `-i ${br} ! -o ${br} -j DOCKER-ISOLATION-STAGE-2`],
      ['filter', 'DOCKER-ISOLATION-STAGE-2', `-o ${br} -j DROP`],
    ];
  }
  const chain = generation === 'forward' ? 'DOCKER-FORWARD' : 'FORWARD';
  const open = network.mode[family] === 'nat-unprotected';
  const list: Row[] = [
    ['filter', 'DOCKER', `! -i ${br} -o ${br} -j ${open ? 'ACCEPT' : 'DROP'}`],
    ['filter', chain, icc ? `-i ${br} -j ACCEPT` : `-i ${br} ! -o ${br} -j ACCEPT`],
  ];
  if (!icc) list.push(['filter', chain, iccRow(br, icc)]);
  if (isRouted(network, family))
    list.push(['filter', 'DOCKER', `-o ${br} -p ${family === 4 ? 'icmp' : 'ipv6-icmp'} -j ACCEPT`]);
  if (generation === 'forward')
    list.push(['filter', 'DOCKER-CT', answers], ['filter', 'DOCKER-BRIDGE', `-o ${br} -j DOCKER`]);
  else
    list.push(
      ['filter', 'DOCKER-ISOLATION-STAGE-1', `-i ${br} ! -o ${br} -j DOCKER-ISOLATION-STAGE-2`],
      ['filter', 'DOCKER-ISOLATION-STAGE-2', `-o ${br} -j DROP`],
    );
  return list;
}

export function isRouted(network: EngineNetwork, family: Family): boolean {
  return network.mode[family] === 'routed';
}

/** 28.2 and newer drop what is sent straight to a container's address; older ones and settings don't. */
function endpointRules(
  { network, address, container, span }: EngineEndpoint,
  options: RulesOptions,
): Expected[] {
  const { generation, family } = options;
  if (network.internal || network.mode[family] !== 'nat' || generation === 'stages') return [];
  const host = hostPrefix(address);
  const list: Row[] = [
    ...network.trusted.map(
      (name): Row => ['raw', 'PREROUTING', `-d ${host} -i ${name} -j ACCEPT`, 'optional'],
    ),
    ['raw', 'PREROUTING', `-d ${host} ! -i ${network.bridge} -j DROP`, 'optional'],
  ];
  return rows(options, { kind: 'endpoint', network: network.name, container }, span, list);
}

export function hostPrefix(address: Ip): string {
  return `${formatIp(address)}/${bitsOf(familyOf(address))}`;
}

function portRules(publication: Publication, options: RulesOptions): Expected[] {
  const { generation, family, hairpin } = options;
  const { container, protocol, containerPort, hostAddress, hostPort } = publication;
  if (hostAddress !== undefined && familyOf(hostAddress) !== family) return [];
  const targets = publication.targets.filter(({ address }) => familyOf(address) === family);
  const [first] = targets;
  if (!first) return [];
  const open = targets.filter(({ network }) => network.mode[family] !== 'isolated');
  const translated = open.filter(({ network }) => !isRouted(network, family));
  const match = `-p ${protocol} -m ${protocol} --dport`;
  const to = (each: EngineEndpoint) => `--to-destination ${formatEndpoint(each.address, containerPort)}`;
  const where = hostAddress === undefined ? '' : `-d ${hostPrefix(hostAddress)} `;
  const notOwn = ({ network }: EngineEndpoint) => `! -i ${network.bridge} `;
  const linkLocal = family === 6 ? ['! -s fe80::/10 ', ''] : [''];
  const dnat = translated.flatMap((each) => {
    const own = hairpin === undefined ? [notOwn(each), ''] : hairpin ? [''] : [notOwn(each)];
    return own.flatMap((device) =>
      linkLocal.map((source) => `${source}${where}${device}${match} ${hostPort} -j DNAT ${to(each)}`),
    );
  });
  const list: Row[] = [];
  if (dnat.length > 0 && translated.length === open.length) list.push(['nat', 'DOCKER', dnat]);
  else if (dnat.length > 0) list.push(['nat', 'DOCKER', dnat, 'optional']);
  const accept = open
    .filter(({ network }) => generation === 'stages' || network.mode[family] !== 'nat-unprotected')
    .map(
      (each) =>
        `-d ${hostPrefix(each.address)} ! -i ${each.network.bridge} -o ${each.network.bridge} ${match} ${containerPort} -j ACCEPT`,
    );
  if (accept.length > 0) list.push(['filter', 'DOCKER', accept]);
  const itself = translated.map(({ address }) => {
    const host = hostPrefix(address);
    return `-s ${host} -d ${host} ${match} ${containerPort} -j MASQUERADE`;
  });
  if (itself.length > 0)
    list.push(hairpin === true ? ['nat', 'POSTROUTING', itself] : ['nat', 'POSTROUTING', itself, 'optional']);
  if (generation !== 'stages') list.push(...rawPortRows(publication, first, options));
  return rows(
    options,
    { kind: 'port', container, protocol, hostPort, containerPort },
    publication.span,
    list,
  );
}

/** 28.0 and 28.1: direct access to the container's port; since 28.0: to a port that is published on a loopback address. */
function rawPortRows(
  { protocol, hostAddress, hostPort, containerPort }: Publication,
  { address, network }: EngineEndpoint,
  { family }: RulesOptions,
): Row[] {
  const match = `-p ${protocol} -m ${protocol} --dport`;
  const list: Row[] = [];
  if (network.mode[family] === 'nat')
    list.push([
      'raw',
      'PREROUTING',
      `-d ${hostPrefix(address)} ! -i ${network.bridge} ${match} ${containerPort} -j DROP`,
      'optional',
    ]);
  if (typeof hostAddress === 'number' && hostAddress >>> 24 === 127) {
    const to = `-d ${hostPrefix(hostAddress)}`;
    list.push(
      ['raw', 'PREROUTING', `${to} ! -i lo ${match} ${hostPort} -j DROP`, 'optional'],
      ['raw', 'PREROUTING', `${to} -i loopback0 ${match} ${hostPort} -j ACCEPT`, 'optional'],
    );
  }
  return list;
}
