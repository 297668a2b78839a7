/**
 * Where packets are seen to cross a namespace: a packet that one of its points shows on its way in and another on its way out. The router
 * it was sent to there and the router it comes from here are the namespace's two interfaces.
 */
import { addTo, groupBy } from '../base/group-by.ts';
import { once } from '../base/memo.ts';
import type { Ip } from '../net/ip.ts';
import { ipKey } from '../net/ip-key.ts';
import type { Mac } from '../net/mac.ts';
import type { Draft, InferredStation } from './infer.ts';
import type { PointObservation } from './topology.ts';
import { hopsOf } from './ttl.ts';

/** Of each point its own station, where exactly one of its routers passes packets on to or takes them from another point of its namespace. */
export function crossings(drafts: readonly Draft[]): ReadonlyMap<Draft, Mac> {
  const selves = new Map<Draft, Mac>();
  for (const own of groupBy(drafts, ({ point }) => point.namespace).values()) {
    const found = new Map<Draft, Set<Mac>>(own.map((draft) => [draft, new Set()]));
    for (const [at, there] of sharing(own)) passBetween(at, there, found.get(at), found.get(there));
    for (const [draft, macs] of found) {
      const [only] = macs;
      if (only !== undefined && macs.size === 1) selves.set(draft, only);
    }
  }
  return selves;
}

/** So many points at which packets for one destination were seen are held against each other: it is no telling one beyond. */
const MOST_SHARING = 256;

/** Each two points, both ways round, that saw packets for one destination: no others need to be held against each other. */
function* sharing(drafts: readonly Draft[]): Generator<readonly [Draft, Draft]> {
  const places = new Map(drafts.map((draft, at) => [draft, at]));
  const byDestination = new Map<Ip, Draft[]>();
  for (const draft of drafts) {
    for (const key of receiversFor(draft.observation).keys()) {
      const sharers = byDestination.get(key);
      if (!sharers || sharers.length < MOST_SHARING) addTo(byDestination, key, draft);
    }
  }
  for (const [at, draft] of drafts.entries()) {
    const before = new Set<Draft>();
    for (const key of receiversFor(draft.observation).keys())
      for (const other of byDestination.get(key) ?? [])
        if ((places.get(other) as number) < at) before.add(other);
    for (const other of before) {
      yield [draft, other];
      yield [other, draft];
    }
  }
}

/** `inner`, `outer`: routers of the two points that are seen to pass a packet on from the one to the other are added. */
function passBetween(
  at: Draft,
  there: Draft,
  inner: Set<Mac> | undefined,
  outer: Set<Mac> | undefined,
): void {
  if (!inner || !outer || (inner.size > 1 && outer.size > 1)) return;
  // One that rewrites addresses passes on what anybody sends.
  const outers = there.stations
    .filter(({ router }) => router)
    .map((station) => ({ mac: station.mac, passedOn: station.rewrites ? undefined : sendersOf(station, at) }))
    .filter(({ passedOn }) => passedOn === undefined || passedOn.size > 0);
  if (outers.length === 0) return;
  const receivers = receiversFor(there.observation);
  for (const router of at.stations) {
    if (!router.router) continue;
    const next = nextOf(at, router.mac, receivers);
    if (next.size === 0) continue;
    for (const { mac, passedOn } of outers) {
      if (!hasOther(next, mac) || (passedOn !== undefined && !hasOther(passedOn, router.mac))) continue;
      inner.add(router.mac);
      outer.add(mac);
      if (inner.size > 1 && outer.size > 1) return;
    }
  }
}

export function isUnicast(ip: Ip): boolean {
  if (typeof ip === 'number') return ip !== 0 && ip >>> 28 < 14;
  return ip !== 0n && ip >> 120n !== 0xffn;
}

function hasOther<T>(set: ReadonlySet<T>, one: T): boolean {
  return set.size > 1 || (set.size === 1 && !set.has(one));
}

/** Stations to which the one point sent what was sent to the router at the other: two are enough. */
function nextOf(
  { observation }: Draft,
  router: Mac,
  receivers: ReadonlyMap<Ip, Mac | 'several'>,
): ReadonlySet<Mac | 'several'> {
  const next = new Set<Mac | 'several'>();
  for (const address of stationsOf(observation).get(router)?.destinations ?? []) {
    const mac = isUnicast(address) ? receivers.get(ipKey(address)) : undefined;
    if (mac !== undefined) next.add(mac);
    if (next.size > 1) break;
  }
  return next;
}

/** Stations at a point that sent what the router passed on, one router nearer to where it comes from: two are enough. */
function sendersOf({ forwards }: InferredStation, { observation }: Draft): ReadonlySet<Mac> {
  const senders = new Set<Mac>();
  const sources = sourcesOf(observation);
  for (const { address, hops } of forwards) {
    for (const mac of sources.get(ipKey(address))?.get(hops - 1) ?? []) senders.add(mac);
    if (senders.size > 1) break;
  }
  return senders;
}

const stationsOf = once(
  ({ stations }: PointObservation) => new Map(stations.map((station) => [station.mac, station])),
);

/** By source, as `ipKey` has it, and the routers behind it the stations that sent its packets, two of each at most. */
const sourcesOf = once(({ stations }: PointObservation) => {
  const sources = new Map<Ip, Map<number, Mac[]>>();
  for (const { mac, sources: own } of stations) {
    for (const { address, ttls } of own) {
      const key = ipKey(address);
      const byHops = sources.get(key) ?? new Map<number, Mac[]>();
      sources.set(key, byHops);
      const hops = hopsOf(ttls);
      if ((byHops.get(hops)?.length ?? 0) < 2) addTo(byHops, hops, mac);
    }
  }
  return sources;
});

/** By destination, as `ipKey` has it, the station to which packets for it were sent. */
const receiversFor = once(({ stations }: PointObservation): ReadonlyMap<Ip, Mac | 'several'> => {
  const receivers = new Map<Ip, Mac | 'several'>();
  for (const { mac, destinations } of stations) {
    for (const address of destinations) {
      const key = ipKey(address);
      receivers.set(key, receivers.has(key) ? 'several' : mac);
    }
  }
  return receivers;
});
