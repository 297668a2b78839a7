/** Names of containers and namespaces in a filter, by the addresses that the dumps give them. */
import type { Prefix } from '../net/prefix.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { End, Filter, Host } from './filter.ts';

/** In the order in which they stand there. */
export function namesIn(filter: Filter): string[] {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.parts.flatMap(namesIn);
    case 'not':
      return namesIn(filter.part);
    case 'host':
      return nameOf(filter.host);
    case 'flow':
      return [...nameOf(filter.left.host), ...nameOf(filter.right.host)];
    default:
      return [];
  }
}

function nameOf(host: Host | undefined): string[] {
  return host && 'name' in host ? [host.name] : [];
}

/** The same filter with the addresses of its names, as far as they are known. */
export function resolveNames(filter: Filter, names: ReadonlyMap<string, readonly Prefix[]>): Filter {
  const resolve = (host: Host): Host => {
    const prefixes = 'name' in host ? names.get(host.name) : undefined;
    return prefixes ? { ...host, prefixes } : host;
  };
  const resolveEnd = (end: End): End => (end.host ? { ...end, host: resolve(end.host) } : end);
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { ...filter, parts: filter.parts.map((part) => resolveNames(part, names)) };
    case 'not':
      return { ...filter, part: resolveNames(filter.part, names) };
    case 'host':
      return { ...filter, host: resolve(filter.host) };
    case 'flow':
      return { ...filter, left: resolveEnd(filter.left), right: resolveEnd(filter.right) };
    default:
      return filter;
  }
}

/** Addresses by the names of namespaces and of containers; loopback is everybody's, so nobody's. */
export function knownNames(snapshot: Snapshot): ReadonlyMap<string, readonly Prefix[]> {
  const names = new Map<string, Prefix[]>();
  const add = (name: string, prefixes: readonly Prefix[]) => {
    if (prefixes.length > 0) names.set(name, [...(names.get(name) ?? []), ...prefixes]);
  };
  const ofNamespace = new Map<string, readonly Prefix[]>();
  for (const [name, { links, container }] of snapshot.namespaces) {
    const own = (links ?? [])
      .filter((link) => link.name !== 'lo')
      .flatMap(({ addresses }) => addresses.map(({ address }) => single(address)));
    ofNamespace.set(name, own);
    add(name, own);
    if (container !== undefined && container !== name) add(container, own);
  }
  for (const [container, namespace] of snapshot.containerNamespaces ?? []) {
    if (!names.has(container)) add(container, ofNamespace.get(namespace) ?? []);
  }
  return names;
}

const single = (address: Prefix['address']): Prefix => ({
  address,
  length: typeof address === 'number' ? 32 : 128,
});
