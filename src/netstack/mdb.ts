/** Multicast snooping: br_multicast_rcv(), br_mdb_entry_skb_get(), br_multicast_flood(), net/bridge/br_multicast.c, br_mdb.c. */
import { formatIp, type Ip } from '../net/ip.ts';
import { fieldsOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import { bridgeSettings } from './bridge-settings.ts';
import type { Device } from './devices.ts';
import { type Net, portsOf } from './net.ts';

export type GroupTargets =
  | { readonly kind: 'everybody' }
  /** Those who asked for the group, and routers; `host`: the bridge itself is one of them. */
  | {
      readonly kind: 'members';
      readonly ports: ReadonlySet<string>;
      readonly host: boolean;
      readonly doubt?: string;
    };

const EVERYBODY: GroupTargets = { kind: 'everybody' };

export function groupTargets(net: Net, bridge: Device, skb: Skb, vid: number): GroupTargets {
  const settings = bridgeSettings(bridge);
  if (!settings.snooping) return EVERYBODY;
  const { destination, source } = fieldsOf(skb);
  const entries = (net.netns.mdb?.entries ?? []).filter(
    (entry) =>
      entry.bridge === bridge.name &&
      (entry.link ? entry.group === skb.etherDestination : entry.group === destination) &&
      (entry.vlan ?? 0) === vid &&
      !entry.blocked &&
      (entry.source === undefined || entry.source === source),
  );
  if (entries.length === 0 && isEverybodys(destination)) return EVERYBODY;
  const querier = querierOf(net, bridge, skb);
  if (querier === 'none') return EVERYBODY;
  const routers = (net.netns.mdb?.routers ?? []).filter((router) => router.bridge === bridge.name);
  const always = portsOf(net, bridge.name).filter(({ port }) => port?.mcastRouter === 2);
  const isRouter = isRouterGroup(skb);
  return {
    kind: 'members',
    ports: new Set([
      ...entries.map(({ port }) => port).filter((port) => port !== bridge.name),
      ...routers.map(({ port }) => port),
      ...always.map(({ name }) => name),
    ]),
    host: settings.mcastRouter === 2 || isRouter || entries.some(({ port }) => port === bridge.name),
    ...(querier === 'perhaps'
      ? {
          doubt: `${net.name}: a router is known on ${bridge.name}, so somebody is taken to query groups there; ${formatIp(destination)} goes to its members only (bridge -d mdb)`,
        }
      : {}),
  };
}

/** What the last reports said comes from the dump; the bridge's own reports of membership are seen by all routers. */
function isRouterGroup({ protocol }: Skb): boolean {
  return protocol === 2;
}

/** Groups that snooping leaves alone: 224.0.0.0/24 and ff02::1. */
function isEverybodys(destination: Ip): boolean {
  if (typeof destination === 'number') return destination >>> 8 === 0xe00000;
  return destination === 0xff020000000000000000000000000001n;
}

/** br_multicast_querier_exists(): without anybody who asks, memberships would time out, so everything is flooded. */
function querierOf(net: Net, bridge: Device, skb: Skb): 'own' | 'perhaps' | 'none' {
  const { querier } = bridgeSettings(bridge);
  const hasAddress = bridge.addresses.some(({ address }) => typeof address === 'bigint');
  if (querier && (skb.family === 4 || hasAddress)) return 'own';
  const heard = (net.netns.mdb?.routers ?? []).some(
    (router) => router.bridge === bridge.name && !router.permanent,
  );
  return heard ? 'perhaps' : 'none';
}
