/** The namespaces, what connects them, and where each capture was taken. */

import type { Issue } from '../base/issue.ts';
import { once } from '../base/memo.ts';
import type { CaptureInput } from '../input/input.ts';
import type { Netns, Snapshot } from '../snapshot/snapshot.ts';
import { findAdjacent } from './adjacent.ts';
import { inferLinks, inferPoints } from './infer.ts';
import { type Device, devicesOf, formatLink, keyOf } from './link-ref.ts';
import { missingDumps, missingPeers } from './missing.ts';
import { placeCaptures } from './place.ts';
import type { CapturePoint, LinkRef, PointObservation, Segment, Topology, Wire } from './topology.ts';
import { findTunnels, tunnelWires } from './tunnels.ts';
import { matchVeths } from './veth.ts';

/** `observations`: of the captures, by their index; they help placing, and join what no dump joins. */
export function buildTopology(
  snapshot: Snapshot,
  captures: readonly CaptureInput[],
  observations: readonly PointObservation[] = [],
): Topology {
  const namespaces = new Map(snapshot.namespaces);
  for (const { namespace, by } of captures) {
    if (namespace === undefined || namespaces.has(namespace) || by === 'file-name') continue;
    namespaces.set(namespace, { name: namespace, inferred: true });
  }
  const { points, issues } = placeCaptures(captures, namespaces, observations);
  for (const { namespace } of points) {
    if (!namespaces.has(namespace)) namespaces.set(namespace, { name: namespace, inferred: true });
  }
  const seen = points.flatMap((point) => {
    const observation = observationOf(point, observations);
    return observation ? [{ point, observation }] : [];
  });
  const inferences = inferPoints(seen);
  for (const netns of namespaces.values()) {
    const links = netns.links ? [] : inferLinks(netns.name, inferences);
    if (links.length > 0) namespaces.set(netns.name, { ...netns, links, addressesUnknown: true });
  }
  const devices = devicesOf(namespaces.values());
  const veths = matchVeths(devices);
  const wired = new Set(veths.wires.flatMap((wire) => wire.ends.map(keyOf)));
  const adjacent = findAdjacent(devices, wired, snapshot, seen);
  const tunnels = findTunnels(devices);
  const wires = [...veths.wires, ...adjacent.wires, ...tunnelWires(tunnels)];
  const joined = new Set([
    ...wires.flatMap((wire) => wire.ends.map(keyOf)),
    ...adjacent.segments.flatMap((segment) => segment.members.map(keyOf)),
  ]);
  const doubtful = veths.ambiguous.filter(({ a, b }) => !joined.has(a.key) && !joined.has(b.key));
  return {
    ...makeTopology(namespaces, wires, adjacent.segments, points),
    ...(tunnels.length > 0 && { tunnels }),
    inferences,
    missing: [...[...namespaces.values()].flatMap(missingDumps), ...missingPeers(devices, joined)],
    issues: [...issues, ...doubtful.map(({ a, b }) => ambiguity(a, b))],
  };
}

function ambiguity(a: Device, b: Device): Issue {
  return {
    severity: 'warning',
    code: 'veth-ambiguous',
    text: `${formatLink(a.ref)} and ${formatLink(b.ref)} may be the two ends of a veth pair, but other ends are possible too`,
    path: a.link.span.path,
    line: a.link.span.line,
  };
}

function observationOf(
  point: CapturePoint,
  observations: readonly PointObservation[],
): PointObservation | undefined {
  const own = observationsByInput(observations).get(point.input);
  return own?.get(point.interface) ?? own?.values().next().value;
}

/** By capture and interface, the first of each first. */
const observationsByInput = once((observations: readonly PointObservation[]) => {
  const byInput = new Map<number, Map<string | undefined, PointObservation>>();
  for (const observation of observations) {
    const own = byInput.get(observation.input) ?? new Map<string | undefined, PointObservation>();
    byInput.set(observation.input, own);
    if (!own.has(observation.interface)) own.set(observation.interface, observation);
  }
  return byInput;
});

/** A topology of given parts, with its look-ups. */
export function makeTopology(
  namespaces: ReadonlyMap<string, Netns>,
  wires: readonly Wire[],
  segments: readonly Segment[] = [],
  points: readonly CapturePoint[] = [],
): Topology {
  const peers = new Map<string, LinkRef[]>();
  const join = (from: LinkRef, to: LinkRef): void => {
    const key = keyOf(from);
    const list = peers.get(key);
    if (list) list.push(to);
    else peers.set(key, [to]);
  };
  const ends = new Map<string, LinkRef>();
  for (const { ends: pair } of wires) {
    const [one, other] = pair;
    join(one, other);
    join(other, one);
    ends.set(keyOf(one), other);
    ends.set(keyOf(other), one);
  }
  for (const { members } of segments) {
    for (const from of members) for (const to of members) if (from !== to) join(from, to);
  }
  return {
    namespaces,
    wires,
    segments,
    points,
    missing: [],
    peerOf: (link) => ends.get(keyOf(link)),
    peersOf: (link) => peers.get(keyOf(link)) ?? [],
  };
}
