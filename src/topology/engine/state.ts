/** What Docker runs, as its rules depend on it: networks with their options, published ports, addresses of containers. */
import type { Span } from '../../base/span.ts';
import type { DockerContainer, DockerEndpoint, DockerNetwork, Link } from '../../dump/records.ts';
import { type Family, type Ip, parseIp } from '../../net/ip.ts';
import { networkOf, type Prefix } from '../../net/prefix.ts';
import type { Snapshot } from '../../snapshot/snapshot.ts';

/** `com.docker.network.bridge.gateway_mode_ipv4`; `isolated` networks have no gateway on the host. */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';

export interface EngineNetwork {
  readonly name: string;
  readonly bridge: string;
  readonly subnets: readonly Prefix[];
  readonly internal: boolean;
  /** Containers of this network may talk to each other. */
  readonly icc: boolean;
  readonly masquerade: boolean;
  readonly mode: Readonly<Record<Family, GatewayMode>>;
  /** `com.docker.network.host_ipv4`: SNAT to it instead of MASQUERADE. */
  readonly source: Readonly<Partial<Record<Family, Ip>>>;
  /** `com.docker.network.bridge.trusted_host_interfaces` */
  readonly trusted: readonly string[];
  /** No `docker network inspect` tells of it: its name and addresses are a container's, its options unknown. */
  readonly assumed: boolean;
  /** Its bridge is found by the gateway's address, or dumped; else `bridge` is what Docker would call it by itself. */
  readonly bridgeKnown: boolean;
  readonly span: Span;
}

export interface EngineEndpoint {
  readonly container: string;
  readonly network: EngineNetwork;
  readonly address: Ip;
  readonly span: Span;
}

/** A port of a container that the engine publishes on its host, on any of the container's addresses. */
export interface Publication {
  readonly container: string;
  readonly protocol: string;
  readonly containerPort: number;
  /** Undefined: all addresses. */
  readonly hostAddress?: Ip;
  readonly hostPort: number;
  /** That it may lead to, the likeliest first. */
  readonly targets: readonly EngineEndpoint[];
  readonly span: Span;
}

export interface EngineState {
  readonly networks: readonly EngineNetwork[];
  readonly endpoints: readonly EngineEndpoint[];
  readonly publications: readonly Publication[];
  /** Addresses that are known to be somebody's: of running containers, and of members of networks. */
  readonly taken: ReadonlyMap<Ip, string>;
  /** The networks of which every member is known. */
  readonly complete: readonly EngineNetwork[];
  /** All networks were dumped: a bridge that is none of theirs belongs to none. */
  readonly allNetworks: boolean;
}

/** `links`: the host's, by which a network is found that nobody inspected. */
export function engineState({ docker }: Pick<Snapshot, 'docker'>, links: readonly Link[] = []): EngineState {
  const networks = new Map<string, EngineNetwork>();
  for (const network of docker.networks) {
    if (network.driver === 'bridge' && network.bridge !== undefined)
      networks.set(network.name, knownNetwork(network, network.bridge));
  }
  const others = new Set(docker.networks.map(({ name }) => name));
  const running = docker.containers.filter((container) => container.running);
  for (const endpoint of running.flatMap((container) => container.endpoints)) {
    if (networks.has(endpoint.network) || others.has(endpoint.network)) continue;
    const assumed = assumedNetwork(endpoint, running, links);
    if (assumed) networks.set(assumed.name, assumed);
  }
  const endpoints = running.flatMap((container) => endpointsOf(container, networks));
  const taken = new Map<Ip, string>();
  for (const network of docker.networks) {
    for (const { name, address, address6 } of network.members ?? []) {
      for (const ip of [address, address6]) if (ip !== undefined) taken.set(ip, name);
    }
  }
  for (const { address, container } of endpoints) taken.set(address, container);
  return {
    networks: [...networks.values()],
    endpoints,
    publications: running.flatMap((container) => publicationsOf(container, endpoints)),
    taken,
    complete: docker.networks.flatMap(({ name, members }) => {
      const network = networks.get(name);
      return members && network ? [network] : [];
    }),
    allNetworks: docker.networks.some(({ driver }) => driver === 'host'),
  };
}

const OPTION = 'com.docker.network.bridge.';

function knownNetwork(network: DockerNetwork, bridge: string): EngineNetwork {
  const { options } = network;
  const source4 = parseIp(options['com.docker.network.host_ipv4'] ?? '');
  const source6 = parseIp(options['com.docker.network.host_ipv6'] ?? '');
  return {
    name: network.name,
    bridge,
    subnets: network.subnets.map(({ subnet }) => networkOf(subnet.address, subnet.length)),
    internal: network.internal,
    icc: network.icc,
    masquerade: network.masquerade,
    mode: {
      4: modeOf(options[`${OPTION}gateway_mode_ipv4`]),
      6: modeOf(options[`${OPTION}gateway_mode_ipv6`]),
    },
    source: {
      ...(source4 === undefined ? {} : { 4: source4 }),
      ...(source6 === undefined ? {} : { 6: source6 }),
    },
    trusted: (options[`${OPTION}trusted_host_interfaces`] ?? '').split(':').filter((name) => name !== ''),
    assumed: false,
    bridgeKnown: true,
    span: network.span,
  };
}

function modeOf(text: string | undefined): GatewayMode {
  return text === 'routed' || text === 'nat-unprotected' || text === 'isolated' ? text : 'nat';
}

/** `bridge` is docker0, any other is named after its id, unless it was given a name. */
function assumedNetwork(
  { network, networkId, address, length, gateway }: DockerEndpoint,
  containers: readonly DockerContainer[],
  links: readonly Link[],
): EngineNetwork | undefined {
  const found = links.find(
    (link) => gateway !== undefined && link.addresses.some((each) => each.address === gateway),
  )?.name;
  const usual = network === 'bridge' ? 'docker0' : `br-${(networkId ?? '').slice(0, 12)}`;
  const bridge = found ?? usual;
  const span = containers.find(({ endpoints }) => endpoints.some((each) => each.network === network))?.span;
  if (!span || address === undefined) return undefined;
  return {
    name: network,
    bridge,
    subnets: length === undefined ? [] : [networkOf(address, length)],
    internal: false,
    icc: true,
    masquerade: true,
    mode: { 4: 'nat', 6: 'nat' },
    source: {},
    trusted: [],
    assumed: true,
    bridgeKnown: found !== undefined,
    span,
  };
}

function endpointsOf(
  container: DockerContainer,
  networks: ReadonlyMap<string, EngineNetwork>,
): EngineEndpoint[] {
  return container.endpoints.flatMap(({ network: name, address, address6 }) => {
    const network = networks.get(name);
    if (!network) return [];
    return [address, address6].flatMap((ip) =>
      ip === undefined ? [] : [{ container: container.name, network, address: ip, span: container.span }],
    );
  });
}

/** A port leads to the endpoint that is the container's way out; which one that is, inspect doesn't say. */
function publicationsOf(container: DockerContainer, endpoints: readonly EngineEndpoint[]): Publication[] {
  const targets = endpoints.filter((each) => each.container === container.name && !each.network.internal);
  if (targets.length === 0) return [];
  return container.published.map((port) => ({ container: container.name, ...port, targets }));
}
