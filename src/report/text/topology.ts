/** `nettrace topology`: each namespace as a tree of its links, ports below their bridge, with addresses and routes. */
import { groupBy } from '../../base/group-by.ts';
import { once } from '../../base/memo.ts';
import { printable } from '../../base/printable.ts';
import { isRoot } from '../../input/host.ts';
import type { AnalysisTopology } from '../analysis.ts';
import { hostLines } from './hosts.ts';
import { missingLines } from './notes.ts';
import { observedLines } from './observed.ts';
import { commonFolder, shortener } from './paths.ts';
import { finish, type Style, styleOf, type TextOptions } from './style.ts';
import { columnLines, columns, hang } from './wrap.ts';

type Namespace = AnalysisTopology['namespaces'][number];
type Link = Namespace['links'][number];

/** What somebody has to say of places, beside what is drawn of them. Painted. */
export interface TreeNotes {
  /** Of a link, in a column of its own. */
  linkNote(namespace: string, device: string): string;
  /** Below a link, or below the name of a namespace. */
  placeNotes(namespace: string, device: string | undefined): readonly string[];
}

/** A line, and what it is about. */
export interface TreeLine {
  readonly text: string;
  readonly namespace?: string;
  readonly device?: string;
}

interface View {
  readonly topology: AnalysisTopology;
  readonly notes: TreeNotes | undefined;
  readonly shorten: (path: string) => string;
  readonly style: Style;
}

export function renderTopology(topology: AnalysisTopology, options: TextOptions): string {
  const style = styleOf(options);
  const lines = topologyLines(topology, style).map(({ text }) => text);
  if (lines.length === 0) lines.push('No namespace is known from these inputs.');
  return finish(
    [
      ...lines,
      ...hostLines(topology, style),
      ...observedLines(topology.observed ?? [], style),
      ...missingLines(topology, style),
    ],
    options,
  );
}

/** Only the namespaces, and the links between several. */
export function topologyTree(topology: AnalysisTopology, options: TextOptions): string {
  const lines = topologyLines(topology, styleOf(options)).map(({ text }) => text);
  return finish(lines, options).trimEnd();
}

/** The same for those who draw by themselves. */
export function topologyLines(topology: AnalysisTopology, style: Style, notes?: TreeNotes): TreeLine[] {
  const shorten = shortener(commonFolder(topology.captures.map((point) => point.path)));
  const view = { topology, notes, shorten, style };
  const lines = topology.namespaces.flatMap((namespace, index) => [
    ...(index === 0 ? [] : [{ text: '' }]),
    ...namespaceLines(namespace, view),
  ]);
  return lines.length === 0 ? lines : [...lines, ...segmentLines(view).map((text) => ({ text }))];
}

function namespaceLines(namespace: Namespace, view: View): TreeLine[] {
  const { style, notes } = view;
  const { name } = namespace;
  const links = namespace.links.filter((link) => style.verbose || !isOrdinaryLoopback(link));
  const tops = links.filter((link) => !isBelow(link, links));
  const routes = namespace.routes.filter((route) => style.verbose || isTelling(route));
  const branches = branch(tops, links, '', routes.length > 0, view, name, []);
  const laid = columnLines(
    branches.map(({ cells }) => cells),
    { width: style.width, limit: 34 },
  );
  const below = (device: string | undefined, stem: string): TreeLine[] =>
    (notes?.placeNotes(name, device) ?? []).map((note) => ({
      text: `${style.dim(stem)} ${note}`,
      namespace: name,
      ...(device !== undefined && { device }),
    }));
  return [
    { text: title(namespace, style), namespace: name },
    ...below(undefined, branches.length === 0 && routes.length === 0 ? ' ' : '│'),
    ...branches.flatMap(({ device, stem }, index) => [
      ...(laid[index] ?? []).map((text) => ({ text, namespace: name, device })),
      ...below(device, stem),
    ]),
    ...routeLines(routes, style).map((text) => ({ text, namespace: name })),
  ];
}

function routeLines(routes: readonly string[], style: Style): string[] {
  if (routes.length === 0) return [];
  return [
    `${style.dim('└─')} routes`,
    ...routes.flatMap((route) => hang('   ', printable(route), style.width)),
  ];
}

function title(namespace: Namespace, style: Style): string {
  const { name, container, inferred } = namespace;
  const notes = [
    isRoot(name) ? 'root namespace' : '',
    container === undefined || container === name ? '' : `container ${printable(container)}`,
    container === name ? 'container' : '',
    inferred ? 'inferred: no dump describes it' : '',
  ].filter((note) => note !== '');
  return `${style.name(printable(name))}${notes.length === 0 ? '' : `  ${style.dim(notes.join(', '))}`}`;
}

/** Reached from another link that is drawn at the top: following its masters ends, and not at itself. */
function isBelow(link: Link, links: readonly Link[]): boolean {
  const byName = firstByName(links);
  const passed = new Set([link.name]);
  let master = byName.get(link.master);
  if (!master) return false;
  while (master) {
    if (passed.has(master.name)) return false;
    passed.add(master.name);
    master = master.master === undefined ? undefined : byName.get(master.master);
  }
  return true;
}

const firstByName = once(
  (links: readonly Link[]): ReadonlyMap<string | undefined, Link> =>
    new Map(links.toReversed().map((link) => [link.name, link])),
);

const portsOf = once((links: readonly Link[]) => groupBy(links, ({ master }) => master));

interface Branch {
  readonly device: string;
  readonly cells: readonly string[];
  /** Of what stands below it. */
  readonly stem: string;
}

/** Rows of links, each followed by the links that have it as master; a master that is its own ancestor ends there. */
function branch(
  links: readonly Link[],
  all: readonly Link[],
  stem: string,
  more: boolean,
  view: View,
  namespace: string,
  above: readonly string[],
): Branch[] {
  const { style, notes } = view;
  return links.flatMap((link, index) => {
    const last = index === links.length - 1 && !more;
    const path = [...above, link.name];
    const ports = (portsOf(all).get(link.name) ?? []).filter((port) => !path.includes(port.name));
    const lead = style.dim(`${stem}${last ? '└─' : '├─'}`);
    const inner = `${stem}${last ? '   ' : '│  '}`;
    return [
      {
        device: link.name,
        stem: `${inner}${ports.length > 0 ? '│' : ''}`,
        cells: [
          `${lead} ${style.bold(printable(link.name))}`,
          printable([link.kind ?? '', link.id ?? ''].join(' ').trim()),
          stateText(link, style),
          ...(notes ? [notes.linkNote(namespace, link.name)] : []),
          detailText(link, namespace, view),
        ],
      },
      ...branch(ports, all, inner, false, view, namespace, path),
    ];
  });
}

function stateText(link: Link, style: Style): string {
  if (link.inferred) return style.doubtful('inferred');
  if (link.up === undefined) return '';
  return link.up ? style.good('up') : style.bad('down');
}

function detailText(link: Link, namespace: string, { topology, shorten, style }: View): string {
  const parts = link.addresses
    .filter((address) => style.verbose || !address.startsWith('fe80:'))
    .map(printable);
  if (style.verbose && link.mac !== undefined) parts.push(style.dim(printable(link.mac)));
  if (link.lower) parts.push(`on\u00a0${lowerText(link.lower, namespace)}`);
  if (link.peer) parts.push(`⇄\u00a0${printable(link.peer.namespace)}:${printable(link.peer.interface)}`);
  for (const point of topology.captures) {
    if (point.namespace !== namespace || point.interface !== link.name) continue;
    const doubt = point.by === 'inference' || point.by === 'assumed' ? `\u00a0(${point.by})` : '';
    parts.push(style.doubtful(`◉\u00a0${printable(shorten(point.path))}${doubt}`));
  }
  return parts.join('\u00a0 ');
}

function lowerText({ namespace, interface: device }: NonNullable<Link['lower']>, own: string): string {
  return printable(namespace === own ? device : `${namespace}:${device}`);
}

function segmentLines({ topology, style }: View): string[] {
  const segments = topology.segments ?? [];
  if (segments.length === 0) return [];
  const rows = segments.map((segment) => [
    segment.members
      .map((member) => `${printable(member.namespace)}:${printable(member.interface)}`)
      .join(', '),
    style.dim(`by ${segment.by}`),
  ]);
  return ['', style.bold('On one link'), ...columns(rows, { width: style.width, indent: 2, limit: 70 })];
}

/** Is left out of the drawing. */
export function isOrdinaryLoopback(link: Link): boolean {
  return (
    link.name === 'lo' &&
    link.up !== false &&
    link.addresses.every((address) => address === '127.0.0.1/8' || address === '::1/128')
  );
}

/** Routes that every namespace has tell nothing: the local table, link-local and multicast prefixes. */
function isTelling(route: string): boolean {
  return !/^(local|broadcast|multicast|anycast) |\btable local\b|^(fe80::\/\d+|ff00::\/8) /.test(route);
}
