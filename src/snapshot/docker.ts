/** Docker's view: which namespace is which container's, and namespaces for running containers that nobody dumped. */
import type { DockerContainer, DockerEndpoint, Link, Route } from '../dump/records.ts';
import { bitsOf, type Family, formatIp, type Ip } from '../net/ip.ts';
import { derivedRoutes } from './derived-routes.ts';
import type { Netns } from './snapshot.ts';

export interface ContainerNamespaces {
  /** Container name → namespace name. */
  readonly owners: ReadonlyMap<string, string>;
  readonly inferred: readonly Netns[];
}

/** `claims`: namespace → container, from the manifest. */
export function placeContainers(
  containers: readonly DockerContainer[],
  namespaces: ReadonlyMap<string, Netns>,
  claims: ReadonlyMap<string, string>,
): ContainerNamespaces {
  const owners = new Map<string, string>();
  const inferred: Netns[] = [];
  const running = containers.filter((container) => container.running);
  for (const container of running) {
    if (hasOwnNamespace(container)) {
      const dumped = findNamespace(container, namespaces, claims);
      if (dumped !== undefined) owners.set(container.name, dumped);
    }
  }
  for (const container of running) {
    if (!hasOwnNamespace(container) || owners.has(container.name)) continue;
    const name = freeName(container.name, namespaces);
    owners.set(container.name, name);
    inferred.push(inferNamespace(name, container));
  }
  for (const container of running) {
    const shared = sharedWith(container, running, owners);
    if (shared !== undefined) owners.set(container.name, shared);
  }
  return { owners, inferred };
}

function hasOwnNamespace(container: DockerContainer): boolean {
  return container.networkMode !== 'host' && !container.networkMode.startsWith('container:');
}

/** `host`, or for `container:ID` the namespace of that container, through as many of them as there are. */
function sharedWith(
  container: DockerContainer,
  containers: readonly DockerContainer[],
  owners: ReadonlyMap<string, string>,
): string | undefined {
  let current: DockerContainer | undefined = container;
  for (let depth = 0; current && depth <= containers.length; depth++) {
    if (current.networkMode === 'host') return 'host';
    if (!current.networkMode.startsWith('container:')) {
      return current === container ? undefined : owners.get(current.name);
    }
    const wanted = current.networkMode.slice('container:'.length);
    current = containers.find((other) => other.name === wanted || other.id.startsWith(wanted));
  }
  return undefined;
}

function findNamespace(
  container: DockerContainer,
  namespaces: ReadonlyMap<string, Netns>,
  claims: ReadonlyMap<string, string>,
): string | undefined {
  for (const [namespace, claimed] of claims) {
    if (claimed === container.name && namespaces.has(namespace)) return namespace;
  }
  const sandbox = container.sandboxKey?.split('/').at(-1);
  for (const [name, netns] of namespaces) {
    if (name === 'host' || claims.has(name)) continue;
    if (name === container.name || (sandbox !== undefined && sandbox !== '' && name === sandbox)) return name;
    if (name.length >= 12 && container.id.startsWith(name)) return name;
    if (netns.pid !== undefined && netns.pid === container.pid) return name;
  }
  for (const [name, netns] of namespaces) {
    if (name === 'host' || claims.has(name) || netns.container !== undefined) continue;
    if (container.endpoints.some((endpoint) => netns.links?.some((link) => isEndpoint(link, endpoint)))) {
      return name;
    }
  }
  return undefined;
}

/** One MAC, or where one of the two has none, one address on an interface that is no bridge. */
function isEndpoint(link: Link, endpoint: DockerEndpoint): boolean {
  if (endpoint.mac !== undefined && link.mac !== undefined) return endpoint.mac === link.mac;
  return (
    endpoint.address !== undefined &&
    link.kind !== 'bridge' &&
    link.addresses.some((entry) => entry.address === endpoint.address)
  );
}

function freeName(wanted: string, namespaces: ReadonlyMap<string, Netns>): string {
  return wanted === 'host' || namespaces.has(wanted) ? `container ${wanted}` : wanted;
}

/** What the daemon sets up for a container: lo, one interface for each network, a default route to the gateway. */
function inferNamespace(name: string, container: DockerContainer): Netns {
  const span = container.span;
  const links: Link[] = [
    {
      name: 'lo',
      flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
      addresses: [
        { address: 0x7f000001, length: 8, scope: 'host', secondary: false, flags: [], span },
        { address: 1n, length: 128, scope: 'host', secondary: false, flags: [], span },
      ],
      inferred: true,
      span,
    },
  ];
  const routes: Record<Family, Route[]> = { 4: [], 6: [] };
  const endpoints = container.endpoints.filter(
    (endpoint) => endpoint.address !== undefined || endpoint.address6 !== undefined,
  );
  endpoints.forEach((endpoint, index) => {
    const device = `eth${index}`;
    links.push({
      name: device,
      kind: 'veth',
      ...(endpoint.mac === undefined ? {} : { mac: endpoint.mac }),
      flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
      addresses: endpointAddresses(endpoint).map(([address, length]) => ({
        address,
        length,
        scope: 'global',
        secondary: false,
        flags: [],
        span,
      })),
      inferred: true,
      span,
    });
    if (endpoint.gateway === undefined || routes[4].length > 0) return;
    routes[4].push({
      family: 4,
      type: 'unicast',
      destination: { address: 0, length: 0 },
      table: 'main',
      nexthops: [{ gateway: endpoint.gateway, dev: device, weight: 1, flags: [] }],
      metric: 0,
      flags: [],
      derived: true,
      text: `default via ${formatIp(endpoint.gateway)} dev ${device}`,
      span,
    });
  });
  return {
    name,
    container: container.name,
    ...(container.pid === undefined ? {} : { pid: container.pid }),
    inferred: true,
    links,
    routes4: { routes: [...routes[4], ...mainOf(links, 4)], covers: 'main' },
  };
}

function mainOf(links: readonly Link[], family: Family): Route[] {
  return derivedRoutes(links, family).filter((route) => route.table === 'main');
}

function endpointAddresses(endpoint: DockerEndpoint): [Ip, number][] {
  const addresses: [Ip, number][] = [];
  if (endpoint.address !== undefined) addresses.push([endpoint.address, endpoint.length ?? bitsOf(4)]);
  if (endpoint.address6 !== undefined) addresses.push([endpoint.address6, 64]);
  return addresses;
}
