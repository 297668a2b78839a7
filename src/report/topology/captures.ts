/** Capture points as lines of the boxes that they stand in. */
import { addTo, groupBy } from '../../base/group-by.ts';
import { printable } from '../../base/printable.ts';
import type { AnalysisTopology } from '../analysis.ts';
import type { DrawnLine } from './drawing.ts';
import { placeKey } from './networks.ts';

type Capture = AnalysisTopology['captures'][number];

export interface DrawnCapture {
  readonly line: DrawnLine;
  /** With the whole path. */
  readonly tip: string;
}

/** From as many interfaces on, a capture of several is said once, at its namespace. */
const SEVERAL = 3;

/** By `placeKey` of a device, or by the name of a namespace where no device of it is the place. */
export function capturesByPlace({
  captures: points,
  namespaces,
}: AnalysisTopology): ReadonlyMap<string, readonly DrawnCapture[]> {
  const nameOf = fileNames(points);
  const places = new Map<string, DrawnCapture[]>();
  const devices = new Set(
    namespaces.flatMap(({ name, links }) =>
      links.map((link) => placeKey({ namespace: name, device: link.name })),
    ),
  );
  const drawn = (point: Capture, where: string): DrawnCapture => {
    const doubt = point.by === 'inference' || point.by === 'assumed' ? ` (${point.by})` : '';
    return {
      line: { role: 'capture', text: printable(`${nameOf(point)}${where}${doubt}`) },
      tip: printable(`capture ${point.path}${where}${doubt}`),
    };
  };
  for (const group of groupBy(points, ({ path, namespace }) =>
    placeKey({ namespace, device: path }),
  ).values()) {
    const [first] = group;
    // A capture of all interfaces is a point at each of them.
    if (first && group.length >= SEVERAL) {
      addTo(places, first.namespace, drawn(first, ` (${group.length} interfaces)`));
      continue;
    }
    for (const point of group) {
      const { namespace, interface: device } = point;
      const place = placeKey({ namespace, device });
      if (devices.has(place)) addTo(places, place, drawn(point, ''));
      else addTo(places, namespace, drawn(point, device === 'any' ? ' (all interfaces)' : ` (${device})`));
    }
  }
  return places;
}

/** The file's own name, since the box around it says the rest; the whole path where a namespace has two of one name. */
function fileNames(points: readonly Capture[]): (capture: Capture) => string {
  const fileOf = ({ path }: Capture) => path.slice(path.lastIndexOf('/') + 1);
  const keyOf = (point: Capture) => placeKey({ namespace: point.namespace, device: fileOf(point) });
  const alike = groupBy(points, keyOf);
  return (point) => {
    const paths = new Set(alike.get(keyOf(point))?.map(({ path }) => path));
    return paths.size > 1 ? point.path : fileOf(point);
  };
}
