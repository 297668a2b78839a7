/** What the signs of a drawing mean, for those that it has; and what was left out of it. */
import { FONTS, type PlacedText, type Role, SIGN } from './boxes.ts';
import type { Drawing, DrawnLine } from './drawing.ts';
import { textWidth } from './text-width.ts';

const LINE = 18;

export function legendOf(drawing: Drawing): { texts: PlacedText[]; width: number; height: number } {
  const lines: DrawnLine[] = [];
  const has = (role: Role) =>
    drawing.namespaces.some(({ lines: own, devices }) =>
      [own, ...devices.flatMap((device) => [device.lines, ...device.ports.map((port) => port.lines)])].some(
        (each) => each.some((line) => line.role === role),
      ),
    );
  const ways = new Set(drawing.links.flatMap(({ passes }) => passes.map(({ tone }) => tone)));
  if (ways.has('there')) lines.push({ role: 'note', text: 'blue: the way of the request' });
  if (ways.has('back')) lines.push({ role: 'note', text: 'purple, broken: the way of the answer' });
  if (has('mark')) lines.push({ role: 'mark', text: 'where a packet ended' });
  if (has('capture')) lines.push({ role: 'capture', text: 'capture point' });
  if (
    drawing.namespaces.some(
      ({ look, devices }) => look.inferred || devices.some((device) => device.look.inferred),
    )
  )
    lines.push({ role: 'note', text: 'broken outline: no dump shows it, it follows from the others' });
  lines.push(...drawing.notes.map((text): DrawnLine => ({ role: 'note', text })));
  const texts = lines.map(({ role, text }, index): PlacedText => {
    const { face, size } = FONTS[role];
    const sign = role === 'mark' || role === 'capture';
    const width = textWidth(text, face, size);
    return { x: sign ? SIGN : 0, y: 12 + index * LINE, width, role, text, sign };
  });
  return {
    texts,
    width: Math.max(0, ...texts.map(({ x, width }) => x + width)),
    height: lines.length * LINE + 6,
  };
}
