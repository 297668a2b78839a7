import { rootOf } from '../input/host.ts';
import type { CapturePoint, Topology } from '../topology/topology.ts';

/** What one capture file (or one interface in it) turned out to hold: the ground for saying "it was capturing and did not see it". */
export interface ScannedPoint {
  readonly index: number;
  /** Index of its input file. */
  readonly input: number;
  readonly path: string;
  /** Interface named inside the file, and SLL2's interface index. */
  readonly interfaceName?: string | undefined;
  readonly interfaceIndex?: number | undefined;
  packets: number;
  bytes: number;
  /** Epoch seconds of the first and last packet; undefined when it holds none. */
  first?: number;
  last?: number;
  /** IP protocols seen, 0x806 for ARP: a point that shows one kind only may have been filtered. */
  readonly protocols: Map<number, number>;
  /** Packets cut by the snaplen. */
  cut: number;
  /** Packets that the capture lost, by its own count. */
  lost?: number;
  /** A capture filter, or one direction only: by the file or the manifest. What it would leave out is missing for no other reason. */
  limits?: string | undefined;
  /** No capture: a netfilter trace of that namespace. Its sightings are numbered by line, and that it lacks a packet means nothing. */
  readonly traced?: string;
  /** Packets that other packets of the same capture carried inside: `vxlan 42`. That one is missing means nothing by itself. */
  readonly within?: string;
}

/** The same, and where it was taken. */
export interface Point extends ScannedPoint, CapturePoint {
  /** Of what was inside other packets: the interface that those were captured on. `interface` is no device's name then. */
  readonly device?: string;
}

/** A capture of an interface, not what a trace shows or tunnels held. */
export function isCapture({ traced, within }: ScannedPoint): boolean {
  return traced === undefined && within === undefined;
}

/** Where a trace shows a packet that no interface has seen yet, or has seen in that form. */
const NETFILTER = 'netfilter';

/** Gives every scanned point its place; a cooked capture of all interfaces names them by index. */
export function placePoints(points: readonly ScannedPoint[], topology: Topology): Point[] {
  const places = new Map<number, Map<string, CapturePoint>>();
  for (const place of topology.points) {
    const own = places.get(place.input) ?? new Map<string, CapturePoint>();
    places.set(place.input, own);
    if (!own.has(place.interface)) own.set(place.interface, place);
  }
  return points.map((point) => {
    if (point.traced !== undefined) {
      return { ...point, namespace: point.traced, interface: point.interfaceName ?? NETFILTER, by: 'bundle' };
    }
    const own = places.get(point.input);
    const place = own?.get(point.interfaceName ?? '') ?? own?.values().next().value;
    const namespace = place?.namespace ?? rootOf([...topology.namespaces.keys()][0] ?? '');
    const links = topology.namespaces.get(namespace)?.links ?? [];
    const named =
      point.interfaceIndex === undefined
        ? undefined
        : links.find((link) => link.index === point.interfaceIndex);
    const device = named?.name ?? place?.interface ?? point.interfaceName ?? 'any';
    return {
      ...point,
      namespace,
      interface: point.within === undefined ? device : `${device} (${point.within})`,
      ...(point.within === undefined ? {} : { device }),
      by: place?.by ?? 'assumed',
    };
  });
}

/**
 * Would this point have seen a packet of that protocol at that time? `no` only when it certainly was not capturing then;
 * `perhaps` when a capture filter may have hidden it, when the capture lost packets, or when nothing tells when it ran.
 */
export function wasCapturing(point: Point, protocol: number, time: number): 'yes' | 'perhaps' | 'no' {
  if (!isCapture(point)) return 'perhaps';
  if (point.first === undefined || point.last === undefined) return 'perhaps';
  // A capture that shows nothing has no known beginning; one that shows packets was running between them at least, and
  // people start their captures together: a second before and after is still taken as covered.
  if (time < point.first - 30 || time > point.last + 30) return 'no';
  if (point.limits !== undefined || (point.lost ?? 0) > 0) return 'perhaps';
  if (point.packets >= 4 && point.protocols.size === 1 && !point.protocols.has(protocol)) return 'perhaps';
  return 'yes';
}
