/**
 * Where everything of a drawing stands. ELK's layered algorithm does it, from left (outside) to right: namespaces are nodes with their
 * devices inside, links arrive at fixed places of a box's left and right sides and are orthogonal. Headings are in a node's padding,
 * where ELK routes nothing that arrives from a side.
 */
import type { ElkExtendedEdge, ElkNode, ElkPort } from 'elkjs/lib/elk-api.js';
import { type Box, deviceBox, heading, networkBox, type PlacedText } from './boxes.ts';
import type { Drawing, DrawnLink, DrawnNamespace } from './drawing.ts';
import { ordered } from './order.ts';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly drawing: Drawing;
  readonly width: number;
  readonly height: number;
  /** Of machines, namespaces, devices and networks, by id. */
  readonly rects: ReadonlyMap<string, Rect>;
  readonly boxes: ReadonlyMap<string, Box>;
  /** Of machines and namespaces. */
  readonly headings: ReadonlyMap<string, readonly PlacedText[]>;
  /** Of links, by id, from the first end to the second. */
  readonly routes: ReadonlyMap<string, readonly Point[]>;
}

const ROOT = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.randomSeed': '1',
  'elk.padding': '[top=16,left=16,bottom=16,right=16]',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.aspectRatio': '1.6',
};

const MARGIN = 14;

const SPACING = {
  'elk.spacing.nodeNode': '14',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.componentComponent': '20',
  'elk.layered.spacing.nodeNodeBetweenLayers': '36',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '8',
};

export async function layOut(unordered: Drawing): Promise<Layout> {
  const drawing = ordered(unordered);
  const boxes = new Map<string, Box>();
  const headings = new Map<string, readonly PlacedText[]>();
  const graph = graphOf(drawing, boxes, headings);
  const { default: Elk } = await import('elkjs/lib/elk.bundled.js');
  const placed = await new Elk.default().layout(graph);
  const rects = new Map<string, Rect>();
  const gather = (node: ElkNode): void => {
    for (const child of node.children ?? []) {
      const { id, x = 0, y = 0, width = 0, height = 0 } = child;
      rects.set(id, { x, y, width, height });
      gather(child);
    }
  };
  gather(placed);
  const routes = new Map(
    (placed.edges ?? []).map(({ id, sections = [] }) => [
      id,
      sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]),
    ]),
  );
  return { drawing, width: placed.width ?? 0, height: placed.height ?? 0, rects, boxes, headings, routes };
}

function graphOf(
  drawing: Drawing,
  boxes: Map<string, Box>,
  headings: Map<string, readonly PlacedText[]>,
): ElkNode {
  const { machines, namespaces, networks, links } = drawing;
  const sides = sidesOf(links);
  const leaf = (id: string, box: Box): ElkNode => {
    boxes.set(id, box);
    return { id, width: box.width, height: box.height, ...portsOf(box, sides) };
  };
  const group = (id: string, lines: Parameters<typeof heading>[0], children: ElkNode[]): ElkNode => {
    const { width, height, texts } = heading(lines);
    headings.set(id, texts);
    if (children.length === 0) return { id, width, height };
    return {
      id,
      children,
      layoutOptions: {
        ...SPACING,
        'elk.padding': `[top=${height},left=${MARGIN},bottom=${MARGIN},right=${MARGIN}]`,
        'elk.nodeSize.constraints': 'MINIMUM_SIZE',
        'elk.nodeSize.minimum': `(${width},${height})`,
      },
    };
  };
  const nodeOf = ({ id, lines, devices }: DrawnNamespace): ElkNode => {
    const own = devices.map((device) => ({ device, box: deviceBox(device) }));
    const inside = new Set(own.flatMap(({ box }) => box.anchors.map((anchor) => anchor.id)));
    const layered = links.some(({ from, to }) => inside.has(from) && inside.has(to));
    const width = Math.max(
      layered ? 0 : heading(lines).width - 2 * MARGIN,
      ...own.map(({ device, box }) => (device.hook ? 0 : box.width)),
    );
    return group(
      id,
      lines,
      own.map(({ device, box }) => leaf(device.id, device.hook ? box : { ...box, width })),
    );
  };
  return {
    id: 'root',
    layoutOptions: { ...ROOT, ...SPACING },
    children: [
      ...networks.map((network) => leaf(network.id, networkBox(network))),
      ...machines.map(({ id, name }) =>
        group(
          id,
          [
            { role: 'title', text: name },
            { role: 'note', text: 'host' },
          ],
          namespaces.filter(({ machine }) => machine === id).map(nodeOf),
        ),
      ),
      ...namespaces.filter(({ machine }) => machine === undefined).map(nodeOf),
    ],
    edges: links.map(
      ({ id, from, to }): ElkExtendedEdge => ({ id, sources: [`${from}:e`], targets: [`${to}:w`] }),
    ),
  };
}

interface Sides {
  readonly east: ReadonlySet<string>;
  readonly west: ReadonlySet<string>;
}

function sidesOf(links: readonly DrawnLink[]): Sides {
  return { east: new Set(links.map(({ from }) => from)), west: new Set(links.map(({ to }) => to)) };
}

function portsOf(box: Box, { east, west }: Sides): Pick<ElkNode, 'ports' | 'layoutOptions'> {
  const port = (id: string, x: number, y: number, side: string): ElkPort => ({
    id,
    x,
    y,
    width: 0,
    height: 0,
    layoutOptions: { 'elk.port.side': side },
  });
  return {
    ports: box.anchors.flatMap(({ id, y }) => [
      ...(west.has(id) ? [port(`${id}:w`, 0, y, 'WEST')] : []),
      ...(east.has(id) ? [port(`${id}:e`, box.width, y, 'EAST')] : []),
    ]),
    layoutOptions: { 'elk.portConstraints': 'FIXED_POS' },
  };
}
