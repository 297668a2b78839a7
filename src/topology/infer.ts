/**
 * What captures alone say of the places where they were taken: which station has which addresses, which one forwards for
 * others, whether it rewrites their addresses, and which station is the capturing interface itself. Guesses, all of it:
 * the links made of them are marked as inferred, and their namespace's addresses stay unknown.
 */
import { once } from '../base/memo.ts';
import type { Span } from '../base/span.ts';
import type { InterfaceAddress, Link } from '../dump/records.ts';
import { bitsOf, familyOf, type Ip } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import { contains, networkOf, type Prefix } from '../net/prefix.ts';
import { crossings, isUnicast } from './crossing.ts';
import type { CapturePoint, PointObservation, Station } from './topology.ts';
import { hopsOf } from './ttl.ts';

/** A station as a capture shows it. */
export interface InferredStation {
  readonly mac: Mac;
  /** Claimed in ARP or neighbour discovery, or sent with a TTL that no router has touched. */
  readonly own: readonly Ip[];
  /** Sources whose packets it passed on, with the least number of routers they came through. */
  readonly forwards: readonly { readonly address: Ip; readonly hops: number }[];
  /** Passes packets on: for others' sources, or to addresses that are not its own. */
  readonly router: boolean;
  /** Sends packets that crossed a router under an address of its own: it translates sources. */
  readonly rewrites: boolean;
  /** Frames from and to it. */
  readonly frames: number;
}

export interface PointInference {
  readonly point: CapturePoint;
  readonly stations: readonly InferredStation[];
  /** The narrowest networks that hold the addresses found on this link. */
  readonly subnets: readonly Prefix[];
  /** The router that most frames go to or come from. */
  readonly gateway?: InferredStation;
  /**
   * The station that is the capturing interface itself: known only where packets are seen to cross its namespace. (On a
   * bridge, the station that has part in every frame need not be the bridge.)
   */
  readonly self?: Mac;
}

export function inferPoints(
  seen: readonly { readonly point: CapturePoint; readonly observation: PointObservation }[],
): PointInference[] {
  const drafts = seen.map(({ point, observation }) => {
    return { point, observation, ...ofObservation(observation) };
  });
  const crossed = crossings(drafts);
  return drafts.map((draft) => {
    const self = crossed.get(draft);
    return {
      point: draft.point,
      stations: draft.stations,
      subnets: draft.subnets,
      ...(draft.gateway ? { gateway: draft.gateway } : {}),
      ...(self === undefined ? {} : { self }),
    };
  });
}

/** The same for every topology that is tried. */
const ofObservation = once((observation: PointObservation) => {
  const claimed = observation.stations.flatMap((station) => [...station.claims]);
  const claims = new Set(claimed);
  const stations = observation.stations
    .filter((station) => station.sent > 0)
    .map((station) => inferStation(station, claims));
  const routers = stations.filter((station) => station.router).sort((a, b) => b.frames - a.frames);
  return { stations, subnets: subnetsOf(claimed), gateway: routers[0] };
});

/** What is known of a point before others are looked at. */
export interface Draft {
  readonly point: CapturePoint;
  readonly observation: PointObservation;
  readonly stations: readonly InferredStation[];
}

/** `claims`: the addresses that all stations of the point claim. */
function inferStation(station: Station, claims: ReadonlySet<Ip>): InferredStation {
  const own = new Set<Ip>(station.claims.filter(isUnicast));
  const forwards: { address: Ip; hops: number }[] = [];
  let rewrites = false;
  for (const { address, ttls } of station.sources) {
    if (!isUnicast(address)) continue;
    const hops = hopsOf(ttls);
    if (own.has(address)) rewrites ||= hops > 0 && !isLinkLocal(address);
    else if (claims.has(address) || hops > 0) forwards.push({ address, hops });
    else own.add(address);
  }
  const beyond = station.destinations.filter((address) => isUnicast(address) && !own.has(address));
  const isSilent = own.size === 0;
  return {
    mac: station.mac,
    own: [...own],
    forwards,
    router: forwards.length > 0 || rewrites || (!isSilent && beyond.some((ip) => !isLinkLocal(ip))),
    rewrites,
    frames: station.sent + station.received,
  };
}

/** Addresses closer than a /16 of private space (or a /24 of any) are taken for one network, never smaller than a /24. */
function subnetsOf(addresses: readonly Ip[]): Prefix[] {
  const clusters: { first: number; length: number; count: number }[] = [];
  const sorted = [...new Set(addresses)].filter(
    (ip): ip is number => typeof ip === 'number' && isUnicast(ip) && !isLinkLocal(ip),
  );
  for (const address of sorted.sort((a, b) => a - b)) {
    const last = clusters.at(-1);
    const length = last ? Math.min(last.length, Math.clz32(last.first ^ address)) : 0;
    if (last && length >= (isPrivate(address) ? 16 : 24)) {
      last.length = Math.min(24, length);
      last.count++;
    } else clusters.push({ first: address, length: 24, count: 1 });
  }
  return clusters
    .filter((cluster) => cluster.count > 1)
    .map((cluster) => networkOf(cluster.first, cluster.length));
}

function isPrivate(ip: number): boolean {
  return ip >>> 24 === 10 || ip >>> 20 === 0xac1 || ip >>> 16 === 0xc0a8;
}

function isLinkLocal(ip: Ip): boolean {
  return typeof ip === 'number' ? ip >>> 16 === 0xa9fe : ip >> 118n === 0x3fan;
}

/** Links of a namespace that no dump describes, one for each capture taken in it. */
export function inferLinks(namespace: string, inferences: readonly PointInference[]): Link[] {
  const here = inferences.filter(({ point }) => point.namespace === namespace);
  // A bridge's frames are seen at its ports too: of several with one station as their own, the fullest is the bridge.
  const owners = new Map<Mac, PointInference>();
  for (const inference of here) {
    const known = inference.self === undefined ? undefined : owners.get(inference.self);
    if (inference.self === undefined) continue;
    if (!known || known.stations.length < inference.stations.length) owners.set(inference.self, inference);
  }
  const links = new Map<string, Link>();
  for (const inference of here) {
    const { interface: name, path } = inference.point;
    if (name === 'any' || name.startsWith('@')) continue;
    const self =
      inference.self !== undefined && owners.get(inference.self) === inference ? inference.self : undefined;
    const span = { path, line: 0 };
    links.set(name, {
      name,
      ...(self === undefined ? {} : { mac: self }),
      flags: ['UP', 'LOWER_UP'],
      addresses: self === undefined ? [] : addressesOf(self, inference, span),
      inferred: true,
      span,
    });
  }
  return [...links.values()];
}

function addressesOf(self: Mac, { stations, subnets }: PointInference, span: Span): InterfaceAddress[] {
  const own = stations.find((station) => station.mac === self)?.own ?? [];
  return own.map((address) => {
    const subnet = subnets.find((prefix) => contains(prefix, address));
    const isLocal = isLinkLocal(address);
    const length = subnet?.length ?? (isLocal && familyOf(address) === 6 ? 64 : bitsOf(familyOf(address)));
    return { address, length, scope: isLocal ? 'link' : 'global', secondary: false, flags: [], span };
  });
}
