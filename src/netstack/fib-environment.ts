/** What route look-ups ask of their namespace: devices, neighbours, settings. */
import type { Family, Ip } from '../net/ip.ts';
import type { FibEnvironment } from './fib.ts';
import type { HashSettings } from './multipath-hash.ts';
import type { Net } from './net.ts';
import { selectAddress4 } from './source-address.ts';

export function fibEnvironment(net: Net, family: Family): FibEnvironment {
  const addresses = new Map<string, Ip | undefined>();
  return {
    isUp: (device) => net.devices.get(device)?.up ?? true,
    ignoresLinkDown: (device) => net.conf(family, device, 'ignore_routes_with_linkdown') !== 0,
    groupOf: (device) => net.devices.get(device)?.link.group,
    vrfTableOf: (device) => vrfTableOf(net, device),
    neighbourStates: (device, gateway) =>
      net.netns.neighbours?.find(({ address, dev, proxy }) => address === gateway && dev === device && !proxy)
        ?.states,
    sourceToward: (device, gateway, scope) => {
      const key = `${device} ${gateway} ${scope}`;
      if (!addresses.has(key)) addresses.set(key, selectAddress4(net, device, gateway, scope));
      return addresses.get(key);
    },
    isLocalOn: (device, ip) => isLocalOn(net, device, ip),
    get hash() {
      return hashSettings(net, family);
    },
    get useNeighbours() {
      return family === 4 && setting(net, 'net.ipv4.fib_multipath_use_neigh') === 1;
    },
    get forwards() {
      return setting(net, 'net.ipv6.conf.all.forwarding') !== 0;
    },
    bucketsOf: (group) => bucketsOf(net, group),
  };
}

/** ipv6_chk_addr() */
function isLocalOn(net: Net, device: string, ip: Ip): boolean {
  const domain = vrfTableOf(net, device);
  return [...net.devices.values()].some(({ addresses, link }) =>
    addresses.some(
      ({ address, scope, flags }) =>
        address === ip &&
        (!flags.includes('tentative') || flags.includes('optimistic')) &&
        vrfTableOf(net, link.name) === domain &&
        (link.name === device || (scope !== 'link' && scope !== 'host')),
    ),
  );
}

function setting(net: Net, name: string): number {
  return Number(net.sysctl(name)?.value ?? 0) || 0;
}

/** A seed of 0 stands for one that is drawn at boot. */
function hashSettings(net: Net, family: Family): HashSettings {
  const seed = setting(net, 'net.ipv4.fib_multipath_hash_seed');
  return {
    policy: setting(net, `net.ipv${family}.fib_multipath_hash_policy`),
    fields: setting(net, `net.ipv${family}.fib_multipath_hash_fields`) || DEFAULT_FIELDS,
    seed: seed === 0 ? undefined : seed,
  };
}

/** Source, destination, protocol. */
const DEFAULT_FIELDS = 7;

/** l3mdev_fib_table(): of the device itself or of the VRF that it is in. */
function vrfTableOf(net: Net, name: string): string | undefined {
  const link = net.devices.get(name)?.link;
  const master = link?.kind === 'vrf' ? link : net.devices.get(link?.master ?? '')?.link;
  const table = master?.kind === 'vrf' ? master.kindData?.table : undefined;
  return typeof table === 'number' || typeof table === 'string' ? String(table) : undefined;
}

/** Of each bucket, the place of its member among the group's. */
function bucketsOf(net: Net, group: number): number[] | undefined {
  const object = net.netns.nexthops?.find(({ id }) => id === group);
  if (!object?.resilient || !object.group) return undefined;
  const members = object.group.map(({ id }) => id);
  const buckets = (net.netns.nexthopBuckets ?? [])
    .filter((bucket) => bucket.group === group)
    .toSorted((a, b) => a.index - b.index)
    .map(({ member }) => members.indexOf(member));
  return buckets.length > 0 && buckets.every((index) => index >= 0) ? buckets : undefined;
}
