/** Where each capture was taken (contract section 1): argument, bundle, manifest, interface named inside, file name. */
import type { Issue } from '../base/issue.ts';
import { captureStem, isInterfaceName, placeFromFileName } from '../input/file-name.ts';
import { hostOf, isRoot, localName, rootOf } from '../input/host.ts';
import type { CaptureInput, PlacedBy } from '../input/input.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { formatLink } from './link-ref.ts';
import type { CapturePoint, LinkRef, PointObservation } from './topology.ts';

export interface PlacedCaptures {
  readonly points: readonly CapturePoint[];
  readonly issues: readonly Issue[];
}

/** LINUX_SLL and LINUX_SLL2: a capture of "any" interface. */
const COOKED: readonly number[] = [113, 276];

/**
 * One point for each capture, or for each interface that a pcapng with several names. `observations` decide between
 * interfaces of one name, and where nothing names the interface.
 */
export function placeCaptures(
  captures: readonly CaptureInput[],
  namespaces: ReadonlyMap<string, Netns>,
  observations: readonly PointObservation[],
): PlacedCaptures {
  const issues: Issue[] = [];
  const points = captures.flatMap((capture, input) => {
    const own = observations.filter((observation) => observation.input === input);
    const named = own.filter((observation) => observation.interface !== undefined);
    // Several interfaces in one file name themselves; the file's own name can't be the name of all of them.
    const told = capture.by === 'argument' && capture.interface !== undefined;
    const several = named.length > 1 && !told;
    const views = several || (named.length > 0 && capture.interface === undefined) ? named : [own[0]];
    return views.map((view): CapturePoint => {
      const { interface: _file, ...unnamed } = capture;
      const place = placeOne(several ? unnamed : capture, view, namespaces);
      const issue = checkPoint(capture, place, namespaces);
      if (issue) issues.push(issue);
      return { input, path: capture.path, ...place };
    });
  });
  return { points, issues };
}

type Place = Pick<CapturePoint, 'namespace' | 'interface' | 'by'>;

function placeOne(
  capture: CaptureInput,
  view: PointObservation | undefined,
  all: ReadonlyMap<string, Netns>,
): Place {
  const { host } = capture;
  const namespaces = host === undefined ? all : new Map([...all].filter(([name]) => hostOf(name) === host));
  const certain = ['argument', 'bundle', 'manifest', 'session'].includes(capture.by);
  if (certain && capture.namespace !== undefined && capture.interface !== undefined) {
    return { namespace: capture.namespace, interface: capture.interface, by: capture.by };
  }
  const within = certain ? capture.namespace : undefined;
  const device = (certain ? capture.interface : undefined) ?? view?.interface;
  if (device !== undefined && device !== 'any') {
    return settle(
      [{ interface: device }],
      within,
      certain && capture.interface ? capture.by : 'pcapng',
      view,
      namespaces,
    );
  }
  const isCooked = view?.linkTypes.some((type) => COOKED.includes(type)) ?? false;
  const names = readings(capture.path, namespaces).filter(
    (name) => within === undefined || name.namespace === undefined || name.namespace === within,
  );
  // tcpdump -i any of a session: its packets name their interfaces themselves.
  if (capture.by === 'session' && device === undefined)
    return { namespace: within ?? 'host', interface: 'any', by: 'session' };
  const fitting = names.filter((name) => ownersOf(name, namespaces).length > 0);
  const root = host === undefined ? rootAmong(namespaces) : rootOf(`${host}/`);
  if (isCooked && fitting.length === 0) {
    return {
      namespace: within ?? names[0]?.namespace ?? root,
      interface: 'any',
      by: within ? capture.by : 'assumed',
    };
  }
  if (fitting.length > 0) return settle(fitting, within, 'file-name', view, namespaces);
  const inferred = inferByMac(view, namespaces, within);
  if (inferred) return { ...inferred, by: 'inference' };
  const [first] = names;
  if (first) return settle([first], within, 'file-name', view, namespaces);
  return { namespace: within ?? root, interface: captureStem(capture.path), by: 'assumed' };
}

interface Name {
  readonly namespace?: string;
  readonly interface: string;
}

/** What a file's name can mean: `red.eth0`, or in looser habits `red-eth0`, `eth0_before`, with names that are known. */
function readings(path: string, namespaces: ReadonlyMap<string, Netns>): Name[] {
  const found: Name[] = [];
  const stem = captureStem(path);
  if (isInterfaceName(stem)) found.push({ interface: stem });
  const strict = placeFromFileName(path);
  if (strict) found.push(strict);
  for (const namespace of namespaces.keys()) {
    for (const alias of aliasesOf(namespace)) {
      const rest = stem.slice(alias.length + 1);
      if (stem.startsWith(alias) && /^[-_.@+]./.test(stem.slice(alias.length))) {
        found.push({ namespace, interface: rest });
      }
    }
  }
  for (const netns of namespaces.values()) {
    for (const link of netns.links ?? []) {
      if (link.name !== 'lo' && words(stem).includes(link.name)) found.push({ interface: link.name });
    }
  }
  const distinct = [...new Map(found.map((name) => [`${name.namespace}:${name.interface}`, name])).values()];
  const fitting = distinct.filter((name) => ownersOf(name, namespaces).length > 0);
  return fitting.length > 0 ? fitting : strict ? [strict] : distinct.slice(0, 1);
}

/** In a file's name `node-1/red` is `node-1-red` or `node-1.red`, its root namespace `node-1`. */
function aliasesOf(namespace: string): string[] {
  const host = hostOf(namespace);
  if (host === undefined) return [namespace];
  const own = localName(namespace);
  const joined = ['-', '.', '_', '@'].map((separator) => `${host}${separator}${own}`);
  return [...joined, own, ...(isRoot(namespace) ? [host] : [])];
}

function words(stem: string): string[] {
  return stem.split(/[-_.@+ ]/);
}

function ownersOf(name: Name, namespaces: ReadonlyMap<string, Netns>): LinkRef[] {
  return [...namespaces.values()]
    .filter((netns) => name.namespace === undefined || netns.name === name.namespace)
    .filter((netns) => netns.links?.some((link) => link.name === name.interface))
    .map((netns) => ({ namespace: netns.name, name: name.interface }));
}

/** The one namespace that has it; of several the one whose MAC is in the capture; else `host`. */
function settle(
  names: readonly Name[],
  within: string | undefined,
  by: PlacedBy,
  view: PointObservation | undefined,
  namespaces: ReadonlyMap<string, Netns>,
): Place {
  const [first] = names;
  const device = first?.interface ?? 'any';
  if (within !== undefined) return { namespace: within, interface: device, by };
  const stated = names.find((name) => name.namespace !== undefined && ownersOf(name, namespaces).length > 0);
  if (stated?.namespace !== undefined)
    return { namespace: stated.namespace, interface: stated.interface, by };
  const owners = names.flatMap((name) => ownersOf(name, namespaces));
  const [only] = owners;
  if (only && owners.every((owner) => owner.namespace === only.namespace)) {
    return { namespace: only.namespace, interface: only.name, by };
  }
  const seen = owners.filter((owner) => shareOf(owner, view, namespaces) > 0.5);
  const [likely] = seen;
  if (likely && seen.length === 1)
    return { namespace: likely.namespace, interface: likely.name, by: 'inference' };
  return {
    namespace: first?.namespace ?? rootAmong(namespaces),
    interface: device,
    by: owners.length > 1 ? 'assumed' : by,
  };
}

/** `host`; of several machines the first's. */
function rootAmong(namespaces: ReadonlyMap<string, Netns>): string {
  const [first] = namespaces.keys();
  return rootOf(first ?? '');
}

/** Part of a capture's frames that name the device's MAC, as source or destination. */
function shareOf(
  ref: LinkRef,
  view: PointObservation | undefined,
  namespaces: ReadonlyMap<string, Netns>,
): number {
  const mac = namespaces.get(ref.namespace)?.links?.find((link) => link.name === ref.name)?.mac;
  if (!view || view.packets === 0 || mac === undefined || mac === 0) return 0;
  const station = view.stations.find((candidate) => candidate.mac === mac);
  return station ? (station.sent + station.received) / view.packets : 0;
}

/** The device whose MAC is in most of the frames; a bridge or an interface with an address before a bare port. */
function inferByMac(
  view: PointObservation | undefined,
  namespaces: ReadonlyMap<string, Netns>,
  within: string | undefined,
): { namespace: string; interface: string } | undefined {
  if (!view) return undefined;
  const candidates = [...namespaces.values()]
    .filter((netns) => within === undefined || netns.name === within)
    .flatMap((netns) =>
      (netns.links ?? [])
        .filter((link) => link.master === undefined && link.name !== 'lo')
        .map((link) => ({ namespace: netns.name, name: link.name })),
    )
    .map((ref) => ({ ref, share: shareOf(ref, view, namespaces) }))
    .filter((candidate) => candidate.share > 0.5)
    .sort((a, b) => b.share - a.share);
  const best = candidates[0];
  return best && { namespace: best.ref.namespace, interface: best.ref.name };
}

/** A capture at a device that the dumps of its namespace don't have: one of the two is misplaced or outdated. */
function checkPoint(
  capture: CaptureInput,
  place: Place,
  namespaces: ReadonlyMap<string, Netns>,
): Issue | undefined {
  if (place.interface === 'any' || place.interface.startsWith('@')) return undefined;
  const links = namespaces.get(place.namespace)?.links;
  if (!links || links.some((link) => link.name === place.interface)) return undefined;
  if (links.every((link) => link.inferred)) return undefined;
  const how =
    place.by === 'assumed' || place.by === 'file-name' ? `; say where with NS:IFACE=${capture.path}` : '';
  return {
    severity: 'warning',
    code: 'capture-interface-unknown',
    text: `placed at ${formatLink({ namespace: place.namespace, name: place.interface })}, but the dumps of ${place.namespace} have no such interface${how}`,
    path: capture.path,
  };
}
