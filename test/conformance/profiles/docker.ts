/** A Docker host: bridge networks with containers, published ports, the daemon's chains in their old and their present form. */

import { buildSkb } from '../../../src/skb/build.ts';
import type { Case, Stimulus } from '../case.ts';
import { answersOf, limited } from '../generate/answers.ts';
import { address, randomPacket, randomSpec } from '../generate/packets.ts';
import { randomSite } from '../generate/random-site.ts';
import type { Site } from '../generate/site.ts';
import type { Random } from '../random.ts';

interface Network {
  readonly bridge: string;
  readonly subnet: string;
  readonly containers: readonly string[];
  readonly internal: boolean;
  readonly icc: boolean;
}

interface Published {
  readonly network: Network;
  readonly protocol: 'tcp' | 'udp';
  readonly hostPort: number;
  readonly hostAddress?: string;
  readonly container: string;
  readonly port: number;
}

export function dockerCase(random: Random): Omit<Case, 'name'> {
  const second = random.chance(0.6);
  const site = randomSite(random, {
    gateway: 'host',
    plain: 1 + random.below(2),
    bridges: [
      { name: 'docker0', hosts: 1 + random.below(2), leaves: 1 },
      ...(second ? [{ name: 'br-5b1c09a7be34', hosts: 1, leaves: random.below(2) }] : []),
    ],
    leaves: 0,
    leafNames: ['web', 'db'],
  });
  const networks = networksOf(random, site);
  const published = Array.from({ length: 1 + random.below(4) }, () => publish(random, site, networks));
  const rules = (random.chance(0.5) ? classic : present)(random, networks, published);
  const proxyOff = random.chance(0.3);
  return {
    network: site.network,
    backend: random.pick(['nft', 'legacy'] as const),
    rules: { host: { ip4: rules } },
    settings: {
      host: [
        ...(proxyOff
          ? (site.namespaces[0]?.ports.map((port) => `bridge link set dev ${port} hairpin on`) ?? [])
          : []),
        ...(proxyOff ? ['sysctl -qw net.ipv4.conf.all.route_localnet=1'] : []),
        ...(random.chance(0.15) ? ['sysctl -qw net.ipv4.ip_forward=0'] : []),
        ...(random.chance(0.15) ? ['sysctl -qw net.bridge.bridge-nf-call-iptables=0'] : []),
      ],
    },
    stimuli: Array.from({ length: 45 }, () =>
      random.chance(0.5)
        ? toPublished(random, site, random.pick(published))
        : randomPacket(random, site, { six: 0.05, local: 0.2, group: 0.03, damaged: 0.02 }),
    ),
    answer: limited(80, (frames) => answersOf(frames, () => random.chance(0.85))),
  };
}

function networksOf(random: Random, site: Site): Network[] {
  const [host] = site.namespaces;
  return (host?.interfaces ?? []).flatMap((bridge, index): Network[] => {
    const subnet = site.networks[4][index] ?? '';
    if (!bridge.startsWith('docker') && !bridge.startsWith('br-')) return [];
    const gateway = host?.addresses[4][index];
    const containers = [
      ...site.hosts.filter((each) => each.bridge === `host:${bridge}`).map(({ address: own }) => own[4]),
      ...site.namespaces
        .slice(1)
        .map(({ addresses }) => addresses[4][0] ?? '')
        .filter((own) => own.split('.').slice(0, 3).join() === gateway?.split('.').slice(0, 3).join()),
    ];
    return [
      { bridge, subnet, containers, internal: index > 1 && random.chance(0.2), icc: random.chance(0.85) },
    ];
  });
}

function publish(random: Random, site: Site, networks: readonly Network[]): Published {
  const network = random.pick(networks);
  const local = random.below(5);
  const own = site.namespaces[0]?.addresses[4] ?? [];
  return {
    network,
    protocol: random.chance(0.7) ? 'tcp' : 'udp',
    hostPort: random.pick([80, 443, 8080, 53, 5000]),
    ...(local === 0 ? { hostAddress: '127.0.0.1' } : local === 1 ? { hostAddress: random.pick(own) } : {}),
    container: random.pick(network.containers),
    port: random.pick([80, 53, 3000]),
  };
}

function toPublished(random: Random, site: Site, { protocol, hostPort, hostAddress }: Published): Stimulus {
  const host = random.pick(site.hosts);
  const namespace = random.pick(site.namespaces);
  const isLocal = random.chance(0.25);
  const own = site.namespaces[0]?.addresses[4] ?? [];
  const wanted =
    hostAddress !== undefined && (random.chance(0.5) || (isLocal && namespace.name === 'host'))
      ? hostAddress
      : random.pick(own);
  const source = isLocal ? random.pick(namespace.addresses[4]) : host.address[4];
  const destination =
    wanted.startsWith('127.') && !(isLocal && namespace.name === 'host') ? random.pick(own) : wanted;
  const skb = buildSkb({
    ...randomSpec(random, 4, source, destination),
    protocol: protocol === 'tcp' ? 6 : 17,
    source: address(destination.startsWith('127.') ? '127.0.0.1' : source),
    sourcePort: 1024 + random.below(60000),
    destinationPort: hostPort,
    icmpId: undefined,
    payload: protocol === 'tcp' ? 0 : 12,
    tcpFlags: 2,
    tos: 0,
    ttl: 64,
  });
  return { on: isLocal ? `local:${namespace.name}` : host.end, skb };
}

const LOCAL = '-m addrtype --dst-type LOCAL';

function natTable(networks: readonly Network[], published: readonly Published[]): string[] {
  return [
    '*nat',
    ':PREROUTING ACCEPT [0:0]',
    ':INPUT ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ':POSTROUTING ACCEPT [0:0]',
    ':DOCKER - [0:0]',
    `-A PREROUTING ${LOCAL} -j DOCKER`,
    `-A OUTPUT ! -d 127.0.0.0/8 ${LOCAL} -j DOCKER`,
    ...networks
      .filter(({ internal }) => !internal)
      .map(({ bridge, subnet }) => `-A POSTROUTING -s ${subnet} ! -o ${bridge} -j MASQUERADE`),
    ...published.map(
      ({ container, protocol, port }) =>
        `-A POSTROUTING -s ${container}/32 -d ${container}/32 -p ${protocol} -m ${protocol} --dport ${port} -j MASQUERADE`,
    ),
    ...networks.map(({ bridge }) => `-A DOCKER -i ${bridge} -j RETURN`),
    ...published.map(
      ({ network, hostAddress, protocol, hostPort, container, port }) =>
        `-A DOCKER ${hostAddress === undefined ? '' : `-d ${hostAddress}/32 `}! -i ${network.bridge} -p ${protocol} -m ${protocol} --dport ${hostPort} -j DNAT --to-destination ${container}:${port}`,
    ),
    'COMMIT',
  ];
}

function userRules(random: Random, networks: readonly Network[]): string[] {
  const { bridge } = random.pick(networks);
  const rules = [
    '-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN',
    `-A DOCKER-USER -i eth+ -o ${bridge} -p tcp -m conntrack --ctorigdstport 80 --ctdir ORIGINAL -j DROP`,
    `-A DOCKER-USER ! -i ${bridge} -o ${bridge} -p udp -j REJECT`,
    `-A DOCKER-USER -s ${random.pick(networks).subnet} -p tcp --dport 443 -j DROP`,
  ];
  return [...rules.filter(() => random.chance(0.2)), '-A DOCKER-USER -j RETURN'];
}

/** As Docker 20.10 writes it. */
function classic(random: Random, networks: readonly Network[], published: readonly Published[]): string {
  const open = networks.filter(({ internal }) => !internal);
  const lines = [
    ...natTable(networks, published),
    '*filter',
    ':INPUT ACCEPT [0:0]',
    `:FORWARD ${random.chance(0.6) ? 'DROP' : 'ACCEPT'} [0:0]`,
    ':OUTPUT ACCEPT [0:0]',
    ...['DOCKER', 'DOCKER-ISOLATION-STAGE-1', 'DOCKER-ISOLATION-STAGE-2', 'DOCKER-USER'].map(
      (chain) => `:${chain} - [0:0]`,
    ),
    '-A FORWARD -j DOCKER-USER',
    '-A FORWARD -j DOCKER-ISOLATION-STAGE-1',
    ...open.flatMap(({ bridge, icc }) => [
      `-A FORWARD -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      `-A FORWARD -o ${bridge} -j DOCKER`,
      `-A FORWARD -i ${bridge} ! -o ${bridge} -j ACCEPT`,
      `-A FORWARD -i ${bridge} -o ${bridge} -j ${icc ? 'ACCEPT' : 'DROP'}`,
    ]),
    ...published.map(
      ({ network: { bridge }, container, protocol, port }) =>
        `-A DOCKER -d ${container}/32 ! -i ${bridge} -o ${bridge} -p ${protocol} -m ${protocol} --dport ${port} -j ACCEPT`,
    ),
    ...networks
      .filter(({ internal }) => internal)
      .flatMap(({ bridge, subnet }) => [
        `-A DOCKER-ISOLATION-STAGE-1 ! -s ${subnet} -o ${bridge} -j DROP`,
        `-A DOCKER-ISOLATION-STAGE-1 ! -d ${subnet} -i ${bridge} -j DROP`,
      ]),
    ...open.map(
      ({ bridge }) => `-A DOCKER-ISOLATION-STAGE-1 -i ${bridge} ! -o ${bridge} -j DOCKER-ISOLATION-STAGE-2`,
    ),
    '-A DOCKER-ISOLATION-STAGE-1 -j RETURN',
    ...open.map(({ bridge }) => `-A DOCKER-ISOLATION-STAGE-2 -o ${bridge} -j DROP`),
    '-A DOCKER-ISOLATION-STAGE-2 -j RETURN',
    ...userRules(random, networks),
    'COMMIT',
  ];
  return `${lines.join('\n')}\n`;
}

/** As Docker 28 writes it: its own FORWARD chains, and direct access from outside dropped in raw. */
function present(random: Random, networks: readonly Network[], published: readonly Published[]): string {
  const open = networks.filter(({ internal }) => !internal);
  const exposed = [
    ...new Set(published.map(({ network: { bridge }, container }) => `${container} ${bridge}`)),
  ];
  const lines = [
    '*raw',
    ':PREROUTING ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    ...exposed.map((each) => {
      const [container, bridge] = each.split(' ');
      return `-A PREROUTING -d ${container}/32 ! -i ${bridge} -j DROP`;
    }),
    ...published
      .filter(({ hostAddress }) => hostAddress === '127.0.0.1')
      .map(
        ({ protocol, hostPort }) =>
          `-A PREROUTING -d 127.0.0.1/32 ! -i lo -p ${protocol} -m ${protocol} --dport ${hostPort} -j DROP`,
      ),
    'COMMIT',
    ...natTable(networks, published),
    '*filter',
    ':INPUT ACCEPT [0:0]',
    `:FORWARD ${random.chance(0.6) ? 'DROP' : 'ACCEPT'} [0:0]`,
    ':OUTPUT ACCEPT [0:0]',
    ...['DOCKER', 'DOCKER-BRIDGE', 'DOCKER-CT', 'DOCKER-FORWARD', 'DOCKER-INTERNAL', 'DOCKER-USER'].map(
      (chain) => `:${chain} - [0:0]`,
    ),
    '-A FORWARD -j DOCKER-USER',
    '-A FORWARD -j DOCKER-FORWARD',
    ...published.map(
      ({ network: { bridge }, container, protocol, port }) =>
        `-A DOCKER -d ${container}/32 ! -i ${bridge} -o ${bridge} -p ${protocol} -m ${protocol} --dport ${port} -j ACCEPT`,
    ),
    ...open.map(({ bridge }) => `-A DOCKER ! -i ${bridge} -o ${bridge} -j DROP`),
    ...open.map(({ bridge }) => `-A DOCKER-BRIDGE -o ${bridge} -j DOCKER`),
    ...open.map(
      ({ bridge }) => `-A DOCKER-CT -o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    ),
    '-A DOCKER-FORWARD -j DOCKER-CT',
    '-A DOCKER-FORWARD -j DOCKER-INTERNAL',
    '-A DOCKER-FORWARD -j DOCKER-BRIDGE',
    ...open.flatMap(({ bridge, icc }) => [
      ...(icc
        ? [`-A DOCKER-FORWARD -i ${bridge} -j ACCEPT`]
        : [`-A DOCKER-FORWARD -i ${bridge} ! -o ${bridge} -j ACCEPT`]),
    ]),
    ...networks
      .filter(({ internal }) => internal)
      .flatMap(({ bridge, subnet }) => [
        `-A DOCKER-INTERNAL ! -s ${subnet} -o ${bridge} -j DROP`,
        `-A DOCKER-INTERNAL ! -d ${subnet} -i ${bridge} -j DROP`,
      ]),
    ...userRules(random, networks),
    'COMMIT',
  ];
  return `${lines.join('\n')}\n`;
}
