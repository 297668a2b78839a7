/**
 * The order in which namespaces, devices and ports stand below each other, so that few links cross: each by the mean place of what it is
 * joined to, there and back some times (Sugiyama's barycenter heuristic), and of those orders the one with the fewest crossings.
 */
import type { Drawing, DrawnDevice, DrawnLink, DrawnNamespace } from './drawing.ts';

const SWEEPS = 6;

export function ordered(drawing: Drawing): Drawing {
  let best = drawing;
  let fewest = crossings(drawing);
  let current = drawing;
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    current = byPlaces(current, sweep % 2 === 0 ? 'to' : 'from');
    const count = crossings(current);
    if (count < fewest) [best, fewest] = [current, count];
  }
  return best;
}

/** Moves what is at one end of the links to where their other ends are. */
function byPlaces(drawing: Drawing, moving: 'from' | 'to'): Drawing {
  const places = placesOf(drawing);
  const wanted = new Map<string, number[]>();
  const homes = homesOf(drawing);
  for (const { from, to } of drawing.links) {
    const [moved, fixed] = moving === 'to' ? [to, from] : [from, to];
    const place = places.get(fixed);
    if (place === undefined || homes.get(moved) === homes.get(fixed)) continue;
    for (const id of [moved, boxOf(moved), homes.get(moved) ?? '']) {
      const known = wanted.get(id);
      if (known) known.push(place);
      else wanted.set(id, [place]);
    }
  }
  const sorted = <T extends { readonly id: string }>(all: readonly T[]): T[] => {
    const keys = new Map(all.map(({ id }, index) => [id, mean(wanted.get(id)) ?? places.get(id) ?? index]));
    return all.toSorted((a, b) => (keys.get(a.id) ?? 0) - (keys.get(b.id) ?? 0));
  };
  const deviceOf = (device: DrawnDevice): DrawnDevice => ({ ...device, ports: sortedPorts(device, sorted) });
  const namespaceOf = (namespace: DrawnNamespace): DrawnNamespace => ({
    ...namespace,
    devices: sorted(namespace.devices).map(deviceOf),
  });
  return { ...drawing, namespaces: sorted(drawing.namespaces).map(namespaceOf) };
}

/** Ports of a port stay below it. */
function sortedPorts(
  { ports }: DrawnDevice,
  sorted: <T extends { readonly id: string }>(all: readonly T[]) => T[],
): DrawnDevice['ports'] {
  return ports.every(({ depth }) => depth === 0) ? sorted(ports) : ports;
}

function placesOf({ namespaces }: Drawing): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  let place = 0;
  for (const { id, devices } of namespaces) {
    places.set(id, place);
    for (const device of devices) {
      places.set(device.id, place++);
      for (const port of device.ports) places.set(port.id, place++);
    }
  }
  return places;
}

function homesOf({ namespaces }: Drawing): ReadonlyMap<string, string> {
  return new Map(
    namespaces.flatMap(({ id, devices }) =>
      devices.flatMap((device) => [device, ...device.ports].map((end) => [end.id, id] as const)),
    ),
  );
}

function crossings(drawing: Drawing): number {
  const places = placesOf(drawing);
  const homes = homesOf(drawing);
  const pairs = drawing.links.flatMap(({ from, to }: DrawnLink) => {
    const [a, b] = [places.get(from), places.get(to)];
    return a === undefined || b === undefined || homes.get(from) === homes.get(to) ? [] : [[a, b] as const];
  });
  let count = 0;
  for (const [index, [a, b]] of pairs.entries()) {
    for (let other = 0; other < index; other++) {
      const [c = 0, d = 0] = pairs[other] ?? [];
      if ((a - c) * (b - d) < 0) count++;
    }
  }
  return count;
}

function mean(numbers: readonly number[] | undefined): number | undefined {
  return numbers === undefined ? undefined : numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

function boxOf(id: string): string {
  return id.replace(/p\d+$/, '');
}
