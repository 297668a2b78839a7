/** A drawing read back from its SVG: what overlaps what. Widths of texts are the upper bounds that the layout counts on. */
import { SaxesParser } from 'saxes';
import { FONTS, type Role } from '../../../src/report/topology/boxes.ts';
import { textWidth } from '../../../src/report/topology/text-width.ts';

export interface Area {
  readonly what: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Machines and namespaces, which have others inside. */
  readonly groups: readonly Area[];
  /** Devices and networks. */
  readonly boxes: readonly Area[];
  readonly texts: readonly Area[];
  /** Straight pieces of links and paths, with the corners that the rounding cuts off. */
  readonly lines: readonly Area[];
  readonly styles: readonly string[];
  /** Each name of an element or attribute that occurs. */
  readonly names: ReadonlySet<string>;
  readonly titles: readonly string[];
}

/** Throws where the text is no well-formed XML 1.0 document with its namespaces. */
export function readPicture(svg: string): Picture {
  const parser = new SaxesParser();
  const groups: Area[] = [];
  const boxes: Area[] = [];
  const texts: Area[] = [];
  const lines: Area[] = [];
  const styles: string[] = [];
  const titles: string[] = [];
  const names = new Set<string>();
  const classes: string[] = [];
  const open: { name: string; attributes: Record<string, string>; text: string }[] = [];
  let size = { width: 0, height: 0 };
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    names.add(name);
    for (const key of Object.keys(attributes)) names.add(key);
    const plain = attributes as Record<string, string>;
    open.push({ name, attributes: plain, text: '' });
    const number = (key: string) => Number(plain[key]);
    if (name === 'svg') size = { width: number('width'), height: number('height') };
    if (name === 'g') classes.push(plain.class ?? '');
    const [kind = ''] = (classes.at(-1) ?? '').split(' ');
    if (name === 'rect' && kind !== 'port' && plain.class !== 'ground') {
      const area = {
        what: kind,
        left: number('x'),
        top: number('y'),
        right: number('x') + number('width'),
        bottom: number('y') + number('height'),
      };
      if (kind === 'machine' || kind === 'namespace') groups.push(area);
      else boxes.push(area);
    }
    if (name === 'path' && (kind === 'link' || kind === 'pass') && plain.class === undefined)
      lines.push(...pieces(plain.d ?? ''));
  });
  parser.on('text', (text) => {
    const last = open.at(-1);
    if (last) last.text += text;
  });
  parser.on('closetag', () => {
    const last = open.pop();
    if (!last) return;
    const { name, attributes, text } = last;
    if (name === 'g') classes.pop();
    if (name === 'style') styles.push(text);
    if (name === 'title') titles.push(text);
    if (name !== 'text') return;
    const { face, size: height } = FONTS[attributes.class as Role];
    const [x, y] = [Number(attributes.x), Number(attributes.y)];
    const width =
      attributes.textLength === undefined ? textWidth(text, face, height) : Number(attributes.textLength);
    texts.push({ what: text, left: x, top: y - height, right: x + width, bottom: y + 3 });
  });
  parser.write(svg).close();
  return { ...size, groups, boxes, texts, lines, styles, names, titles };
}

/** `M0 0L9 0Q10 0 10 1L10 9`: a curve's control point is its corner. */
function pieces(path: string): Area[] {
  const points = [...path.matchAll(/[MLQ ]?(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => ({
    x: Number(x),
    y: Number(y),
  }));
  return points.slice(1).map((to, index) => {
    const from = points[index] ?? to;
    return {
      what: 'line',
      left: Math.min(from.x, to.x),
      right: Math.max(from.x, to.x),
      top: Math.min(from.y, to.y),
      bottom: Math.max(from.y, to.y),
    };
  });
}

function overlap(a: Area, b: Area, margin = 0): boolean {
  return (
    a.left < b.right - margin &&
    b.left < a.right - margin &&
    a.top < b.bottom - margin &&
    b.top < a.bottom - margin
  );
}

function within(inner: Area, outer: Area): boolean {
  return (
    inner.left >= outer.left - 0.5 &&
    inner.right <= outer.right + 0.5 &&
    inner.top >= outer.top - 0.5 &&
    inner.bottom <= outer.bottom + 0.5
  );
}

/** A sentence for each thing that lies over another. A namespace that stands for several has a second outline behind it. */
export function faults({ width, height, groups, boxes, texts, lines }: Picture): string[] {
  const found: string[] = [];
  const all = { what: 'picture', left: 0, top: 0, right: width, bottom: height };
  for (const area of [...groups, ...boxes, ...texts, ...lines])
    if (!within(area, all)) found.push(`${area.what} is outside of the picture`);
  const pairs = <T>(list: readonly T[]) =>
    list.flatMap((a, at) => list.slice(at + 1).map((b) => [a, b] as const));
  for (const [a, b] of pairs(boxes)) if (overlap(a, b)) found.push(`${a.what} and ${b.what} overlap`);
  for (const [a, b] of pairs(texts)) if (overlap(a, b)) found.push(`“${a.what}” and “${b.what}” overlap`);
  for (const [a, b] of pairs(groups)) {
    const shadow =
      a.what === b.what && a.right - a.left === b.right - b.left && Math.abs(a.left - b.left) === 4;
    if (overlap(a, b) && !within(a, b) && !within(b, a) && !shadow)
      found.push(`${a.what} and ${b.what} cross`);
  }
  for (const box of boxes)
    for (const group of groups)
      if (overlap(box, group) && !within(box, group)) found.push(`${box.what} is half in ${group.what}`);
  for (const text of texts) {
    for (const area of [...boxes, ...groups])
      if (overlap(text, area) && !within(text, area)) found.push(`“${text.what}” runs out of ${area.what}`);
    for (const line of lines)
      if (overlap(text, { ...line, right: line.right + 0.1, bottom: line.bottom + 0.1 }))
        found.push(`a link goes through “${text.what}”`);
  }
  for (const line of lines) {
    if (line.left !== line.right && line.top !== line.bottom && !isCorner(line))
      found.push('a link is slanted');
    for (const box of boxes)
      if (
        overlap(line, box, 1) ||
        overlap({ ...line, right: line.right + 0.1, bottom: line.bottom + 0.1 }, box, 1)
      )
        found.push(`a link goes through ${box.what} at ${box.left} ${box.top}`);
  }
  return found;
}

/** What is left of a corner's rounding where places are rounded to tenths. */
function isCorner({ left, right, top, bottom }: Area): boolean {
  return Math.min(right - left, bottom - top) <= 0.2;
}
