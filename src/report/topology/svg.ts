/**
 * A laid-out drawing as SVG: a document of its own, or an element within an HTML page. Looks are classes and one style element, whose
 * text is always `TOPOLOGY_STYLE`: a page with a Content-Security-Policy allows it by its hash, or has it among its own styles and asks
 * for none. No script, no style attribute, no reference to anything outside.
 */
import { type PlacedText, SIGN } from './boxes.ts';
import type { DrawnDevice, DrawnLink, DrawnNamespace, DrawnNetwork, Look } from './drawing.ts';
import { type Layout, layOut, type Point, type Rect } from './layout.ts';
import { legendOf } from './legend.ts';
import { TOPOLOGY_STYLE } from './style.ts';
import { isWellKnown } from './text-width.ts';
import { xmlText } from './xml.ts';

export interface SvgOptions {
  /** Absent: it is there. False: the page has `TOPOLOGY_STYLE` already. */
  readonly style?: boolean;
  /** Begins the ids of title and description; two drawings in one page need two. Default: nettrace-topology. */
  readonly id?: string;
}

export function renderSvg(
  layout: Layout,
  { style = true, id = 'nettrace-topology' }: SvgOptions = {},
): string {
  const { drawing, rects } = layout;
  const rectOf = (of: string): Rect => rects.get(of) ?? { x: 0, y: 0, width: 0, height: 0 };
  const legend = legendOf(drawing);
  const width = Math.ceil(Math.max(layout.width, legend.width + 32));
  const height = Math.ceil(layout.height + (legend.texts.length === 0 ? 0 : legend.height + 8));
  const prefix = xmlText(id);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" class="nt-topology" role="img" aria-labelledby="${prefix}-title ${prefix}-desc" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<title id="${prefix}-title">${xmlText(drawing.title)}</title>`,
    `<desc id="${prefix}-desc">${xmlText(drawing.summary)}</desc>`,
    ...(style ? [`<style>${TOPOLOGY_STYLE}</style>`] : []),
    `<rect class="ground" width="${width}" height="${height}"/>`,
    ...drawing.machines.map(({ id: machine, name }) =>
      element(
        'machine',
        [name],
        [frame(rectOf(machine), 8), ...texts(layout.headings.get(machine), rectOf(machine))],
      ),
    ),
    ...drawing.namespaces.map((namespace) => namespaceElement(namespace, layout, rectOf)),
    ...drawing.networks.map((network) => networkElement(network, layout, rectOf)),
    ...drawing.links.map((link) => linkElement(link, layout.routes.get(link.id) ?? [])),
    ...drawing.namespaces.flatMap(({ devices }) =>
      devices.map((device) => deviceElement(device, layout, rectOf)),
    ),
    ...drawing.links.flatMap((link) => passElements(link, layout.routes.get(link.id) ?? [])),
    ...(legend.texts.length === 0 ? [] : [legendElement(legend.texts, layout.height)]),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

/** As a file of its own. */
export async function svgDocument(drawing: Layout['drawing'], options?: SvgOptions): Promise<string> {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${renderSvg(await layOut(drawing), options)}`;
}

type RectOf = (id: string) => Rect;

function namespaceElement(namespace: DrawnNamespace, layout: Layout, rectOf: RectOf): string {
  const rect = rectOf(namespace.id);
  return element(
    classes(namespace.root ? 'namespace root' : 'namespace', namespace.look, namespace.count),
    namespace.tip,
    [
      ...(namespace.count > 1 ? [frame(moved(rect, 4), 6)] : []),
      frame(rect, 6),
      ...texts(layout.headings.get(namespace.id), rect),
    ],
  );
}

function networkElement(network: DrawnNetwork, layout: Layout, rectOf: RectOf): string {
  const rect = rectOf(network.id);
  const box = layout.boxes.get(network.id);
  return element(`network ${network.kind}`, network.tip, [frame(rect, 14), ...texts(box?.texts, rect)]);
}

function deviceElement(device: DrawnDevice, layout: Layout, rectOf: RectOf): string {
  const rect = rectOf(device.id);
  const box = layout.boxes.get(device.id);
  const [word] = device.kind.split(' ');
  const kind = device.hook
    ? 'hook'
    : device.ports.length > 0 || word === 'bridge'
      ? 'device bridge'
      : 'device';
  return element(classes(kind, device.look, device.count), device.tip, [
    frame(rect, 4),
    ...(box?.rows ?? []).map((row) => {
      const y = rect.y + row.y;
      return element(classes('port', row.look, 1), row.tip, [
        `<rect x="${number(rect.x)}" y="${number(y)}" width="${number(rect.width)}" height="${number(row.height)}"/>`,
      ]);
    }),
    ...texts(box?.texts, rect),
  ]);
}

function linkElement(link: DrawnLink, route: readonly Point[]): string {
  const name = ['link', link.kind, ...(link.down ? ['down'] : [])].join(' ');
  return element(name, [link.tip], [`<path d="${bent(route)}"/>`]);
}

/** The ways of packets, over the link: each with an arrow where the link is longest, beside that of another way. */
function passElements(link: DrawnLink, route: readonly Point[]): string[] {
  return link.passes.map(({ forward, tone }) => {
    const way = forward ? route : route.toReversed();
    return element(
      `pass ${tone}`,
      [link.tip],
      [`<path d="${bent(way)}"/>`, arrow(way, link.passes.length > 1 ? 0.72 : 0.5)],
    );
  });
}

function legendElement(lines: readonly PlacedText[], y: number): string {
  return element('legend', [], texts(lines, { x: 16, y, width: 0, height: 0 }));
}

function element(name: string, tip: readonly string[], inside: readonly string[]): string {
  const title = tip.length === 0 ? '' : `<title>${tip.map(xmlText).join('\n')}</title>`;
  return `<g class="${name}">${title}${inside.join('')}</g>`;
}

function classes(name: string, look: Look, count: number): string {
  return [
    name,
    ...(look.inferred ? ['inferred'] : []),
    ...(look.down ? ['down'] : []),
    ...(look.marked ? ['marked'] : []),
    ...(look.passed ? ['passed'] : []),
    ...(count > 1 ? ['several'] : []),
  ].join(' ');
}

function frame({ x, y, width, height }: Rect, radius: number): string {
  return `<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" rx="${radius}"/>`;
}

function moved({ x, y, width, height }: Rect, by: number): Rect {
  return { x: x + by, y: y + by, width, height };
}

function texts(placed: readonly PlacedText[] | undefined, { x, y }: Rect): string[] {
  return (placed ?? []).map((text) => {
    const [left, base] = [x + text.x, y + text.y];
    const sign = text.sign
      ? text.role === 'mark'
        ? cross(left - SIGN + 4, base - 4)
        : dot(left - SIGN + 4, base - 4)
      : '';
    const squeezed = isWellKnown(text.text)
      ? ''
      : ` textLength="${text.width}" lengthAdjust="spacingAndGlyphs"`;
    return `${sign}<text class="${text.role}" x="${number(left)}" y="${number(base)}"${squeezed}>${xmlText(text.text)}</text>`;
  });
}

function dot(x: number, y: number): string {
  return `<circle class="sign" cx="${number(x)}" cy="${number(y)}" r="4"/><circle class="pupil" cx="${number(x)}" cy="${number(y)}" r="1.5"/>`;
}

function cross(x: number, y: number): string {
  return `<path class="cross" d="M${number(x - 4)} ${number(y - 4)}l8 8m0 -8l-8 8"/>`;
}

const RADIUS = 5;

/** Straight pieces with rounded corners. */
function bent(route: readonly Point[]): string {
  return route
    .map((point, index) => {
      const [before, after] = [route[index - 1], route[index + 1]];
      if (!before) return `M${pair(point)}`;
      if (!after) return `L${pair(point)}`;
      const [into, out] = [toward(point, before), toward(point, after)];
      return `L${pair(into)}Q${pair(point)} ${pair(out)}`;
    })
    .join('');
}

/** From a corner a little toward the next one, at most half the way. */
function toward(from: Point, to: Point): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const part = length === 0 ? 0 : Math.min(RADIUS, length / 2) / length;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function arrow(route: readonly Point[], at: number): string {
  let longest: readonly [Point, Point] | undefined;
  let length = 0;
  for (const [index, to] of route.entries()) {
    const from = route[index - 1];
    const own = from ? Math.hypot(to.x - from.x, to.y - from.y) : 0;
    if (from && own > length) [longest, length] = [[from, to], own];
  }
  if (!longest) return '';
  const [from, to] = longest;
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const [x, y] = [from.x + (to.x - from.x) * at, from.y + (to.y - from.y) * at];
  const corner = (along: number, across: number) =>
    pair({ x: x + along * dx - across * dy, y: y + along * dy + across * dx });
  return `<path class="arrow" d="M${corner(6, 0)}L${corner(-5, 5)}L${corner(-5, -5)}Z"/>`;
}

function pair({ x, y }: Point): string {
  return `${number(x)} ${number(y)}`;
}

function number(value: number): string {
  return String(Math.round(value * 10) / 10);
}
