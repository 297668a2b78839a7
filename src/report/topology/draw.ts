/** The topology's description as a drawing: which boxes there are, what stands in them, what joins them. */
import { printable } from '../../base/printable.ts';
import { hostOf, isRoot, localName } from '../../input/host.ts';
import type { AnalysisTopology } from '../analysis.ts';
import { capturesByPlace, type DrawnCapture } from './captures.ts';
import type {
  Drawing,
  DrawingMark,
  DrawingOptions,
  DrawnDevice,
  DrawnLine,
  DrawnMachine,
  DrawnNamespace,
  DrawnNetwork,
  DrawnPlace,
  DrawnPort,
  Look,
} from './drawing.ts';
import { foldDrawing } from './fold.ts';
import { linksOf } from './links.ts';
import { networksOf, placeKey } from './networks.ts';
import { passedPlaces } from './passes.ts';

type Namespace = AnalysisTopology['namespaces'][number];
type Link = Namespace['links'][number];

const MOST = 80;

/** Marks and paths at places that the topology doesn't have are left out. */
export function drawTopology(topology: AnalysisTopology, options: DrawingOptions = {}): Drawing {
  const view = viewOf(topology, options);
  const machines = (topology.hosts ?? []).map(({ name }, index) => ({
    id: `m${index}`,
    name: printable(name),
  }));
  const machineOf = (namespace: string) => machineNamed(namespace, topology, machines);
  const namespaces = topology.namespaces.map((namespace, index) =>
    drawNamespace(namespace, `n${index}`, machineOf(namespace.name), view),
  );
  const ids = placeIds(namespaces, topology);
  const found = networksOf(topology).filter(({ members }) =>
    members.some((member) => ids.has(placeKey(member))),
  );
  const networks = found.map(({ kind, members, texts }, index): DrawnNetwork => {
    const homes = new Set(members.map(({ namespace }) => machineOf(namespace)));
    const [home] = homes;
    return {
      id: `x${index}`,
      kind,
      ...(homes.size === 1 && home !== undefined && { machine: home }),
      lines: texts.map((text, line) => ({ role: line === 0 ? 'name' : 'note', text: printable(text) })),
      look: {},
      tip: texts.map(printable),
      count: 1,
    };
  });
  const links = linksOf({
    topology,
    namespaces,
    networks,
    members: found.map(({ members }) => members),
    ids,
    options,
  });
  const title = printable(options.title ?? 'Network topology');
  return foldDrawing(
    { title, summary: summaryOf(topology, options), machines, namespaces, networks, links, notes: [] },
    options.most ?? MOST,
  );
}

interface View {
  readonly captures: ReadonlyMap<string, readonly DrawnCapture[]>;
  readonly marks: readonly DrawingMark[];
  readonly passed: ReadonlySet<string>;
}

function viewOf(topology: AnalysisTopology, { marks = [], paths = [] }: DrawingOptions): View {
  return { captures: capturesByPlace(topology), marks, passed: passedPlaces(paths) };
}

function machineNamed(
  namespace: string,
  { hosts = [] }: AnalysisTopology,
  machines: readonly DrawnMachine[],
): string | undefined {
  const index = hosts.findIndex(({ name }) => name === hostOf(namespace));
  return machines[index]?.id;
}

function drawNamespace(
  namespace: Namespace,
  id: string,
  machine: string | undefined,
  view: View,
): DrawnNamespace {
  const { name, container, inferred, routes } = namespace;
  const own = machine === undefined ? name : localName(name);
  const notes = [
    isRoot(name) ? 'root namespace' : '',
    container === undefined ? '' : container === own ? 'container' : `container ${container}`,
    inferred ? 'inferred' : '',
  ].filter((note) => note !== '');
  const marks = view.marks.filter((mark) => mark.namespace === name && mark.device === undefined);
  const captures = (view.captures.get(name) ?? []).map(({ line }) => line);
  const shown = namespace.links.filter((link) => isShown(link, namespace, view));
  const tops = shown.filter((link) => topOf(link, shown) === link);
  const devices = tops.map((link, index) => drawDevice(link, namespace, shown, `${id}d${index}`, view));
  const hooks = marks.map((mark, index) => drawHook(mark, `${id}h${index}`));
  return {
    id,
    name: printable(own),
    ...(machine !== undefined && { machine }),
    root: isRoot(name),
    lines: [
      { role: 'title', text: printable(own) },
      ...(notes.length === 0 ? [] : [{ role: 'note', text: printable(notes.join(', ')) } as const]),
      ...captures,
    ],
    look: { inferred, marked: marks.length > 0 },
    tip: [
      printable(name),
      ...notes.map(printable),
      ...routes.slice(0, LISTED).map(printable),
      ...(routes.length > LISTED ? [`and ${routes.length - LISTED} routes more`] : []),
    ],
    count: 1,
    devices: [...devices, ...hooks],
  };
}

const LISTED = 20;

/** Every namespace has a loopback, which tells nothing while it is as always. */
function isShown(link: Link, { name }: Namespace, view: View): boolean {
  if (link.name !== 'lo' || link.up === false) return true;
  const key = placeKey({ namespace: name, device: link.name });
  return (
    view.captures.has(key) ||
    view.marks.some(({ namespace, device }) => namespace === name && device === link.name) ||
    link.addresses.some((address) => address !== '127.0.0.1/8' && address !== '::1/128')
  );
}

/** The device in whose box it stands; itself, too, where masters go round. */
function topOf(link: Link, links: readonly Link[]): Link {
  const passed = new Set([link]);
  let top = link;
  for (;;) {
    const master = links.find(({ name }) => name === top.master);
    if (!master) return top;
    if (passed.has(master)) return link;
    passed.add(master);
    top = master;
  }
}

function drawDevice(
  link: Link,
  namespace: Namespace,
  links: readonly Link[],
  id: string,
  view: View,
): DrawnDevice {
  const below = (master: Link, depth: number, above: readonly Link[]): { link: Link; depth: number }[] =>
    links
      .filter((port) => port.master === master.name && !above.includes(port))
      .flatMap((port) => [{ link: port, depth }, ...below(port, depth + 1, [...above, port])]);
  const ports = below(link, 0, [link]).map(
    ({ link: port, depth }, index): DrawnPort => ({
      ...drawLink(port, namespace, `${id}p${index}`, view),
      depth,
    }),
  );
  return { ...drawLink(link, namespace, id, view), ports };
}

function drawLink(link: Link, namespace: Namespace, id: string, view: View): Omit<DrawnPort, 'depth'> {
  const at: DrawnPlace = { namespace: namespace.name, device: link.name };
  const key = placeKey(at);
  const name = printable(link.name);
  const kind = printable([link.kind ?? '', link.id ?? ''].filter((text) => text !== '').join(' '));
  const state = link.inferred ? 'inferred' : link.up === false ? 'down' : '';
  const captures = view.captures.get(key) ?? [];
  const addresses = link.addresses.filter((address) => !address.startsWith('fe80:')).map(printable);
  const marks = view.marks.filter(
    ({ namespace: where, device }) => where === at.namespace && device === at.device,
  );
  const look: Look = {
    ...(link.inferred && { inferred: true }),
    ...(link.up === false && !link.inferred && { down: true }),
    ...(marks.length > 0 && { marked: true }),
    ...(view.passed.has(key) && { passed: true }),
  };
  return {
    id,
    name,
    kind,
    lines: [
      { role: 'name', text: name },
      ...noteLine([kind, state]),
      ...addresses.slice(0, SHOWN).map((text) => ({ role: 'address', text }) as const),
      ...(addresses.length > SHOWN
        ? [{ role: 'address', text: `and ${addresses.length - SHOWN} more` } as const]
        : []),
      ...captures.map(({ line }) => line),
      ...marks.map(({ label }) => ({ role: 'mark', text: printable(label) }) as const),
    ],
    look,
    tip: [
      `${printable(namespace.name)}:${name}`,
      ...[kind, state === '' && link.up ? 'up' : state, printable(link.mac ?? '')].filter(
        (text) => text !== '',
      ),
      ...link.addresses.map(printable),
      ...captures.map(({ tip }) => tip),
      ...marks.map(({ label }) => printable(label)),
    ],
    count: 1,
  };
}

const SHOWN = 4;

function noteLine(notes: readonly string[]): DrawnLine[] {
  const text = notes.filter((note) => note !== '').join(', ');
  return text === '' ? [] : [{ role: 'note', text }];
}

function drawHook({ hook, label }: DrawingMark, id: string): DrawnDevice {
  const name = printable(hook ?? '');
  return {
    id,
    name,
    kind: '',
    lines: [
      ...(name === '' ? [] : [{ role: 'name', text: name } as const]),
      { role: 'mark', text: printable(label) },
    ],
    look: { marked: true },
    tip: [name, printable(label)].filter((text) => text !== ''),
    count: 1,
    ports: [],
    hook: true,
  };
}

/** Ids of devices and ports by their names in the topology. */
function placeIds(
  namespaces: readonly DrawnNamespace[],
  topology: AnalysisTopology,
): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  for (const [index, { name, links }] of topology.namespaces.entries()) {
    const shown = (namespaces[index]?.devices ?? []).flatMap((device) =>
      device.hook ? [] : [device, ...device.ports],
    );
    const byName = new Map(shown.map((drawn) => [drawn.name, drawn.id]));
    for (const link of links) {
      const id = byName.get(printable(link.name));
      if (id !== undefined) ids.set(placeKey({ namespace: name, device: link.name }), id);
    }
  }
  return ids;
}

function summaryOf(
  { namespaces, hosts, captures }: AnalysisTopology,
  { marks = [] }: DrawingOptions,
): string {
  const devices = namespaces.reduce((sum, { links }) => sum + links.length, 0);
  const parts = [
    ...(hosts ? [counted(hosts.length, 'host')] : []),
    counted(namespaces.length, 'namespace'),
    counted(devices, 'device'),
    counted(captures.length, 'capture point'),
  ];
  const deaths = marks.map(
    ({ namespace, device, hook, label }) =>
      ` Marked at ${[namespace, device, hook].filter((word) => word !== undefined).join(' ')}: ${label}.`,
  );
  return printable(`${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}.${deaths.join('')}`);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
