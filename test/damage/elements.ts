/** Damage to one record of a JSON file: an element of its list. */
import type { Random } from '../fuzz/engine/random.ts';
import { garbage, scribble } from './text.ts';

/** Where an element stands in a text, and what to take out with it so that the list stays one. */
export interface Element {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/** Elements of the outermost lists, of nft's list in an object, or the outermost objects; undefined: it is no JSON. */
export function elementsOf(text: string): Element[] | undefined {
  const isListed = /^\s*(?:\[|\{\s*"nftables"\s*:\s*\[)/.test(text);
  const found: Element[] = [];
  const open: string[] = [];
  const begun: number[] = [];
  /** The last comma of each open list. */
  const commas: number[] = [];
  let isString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (isString) {
      if (char === '\\') at++;
      else if (char === '"') isString = false;
    } else if (char === '"') isString = true;
    else if (char === '{' || char === '[') {
      begun.push(at);
      open.push(char);
      commas.push(-1);
    } else if (char === '}' || char === ']') {
      const kind = open.pop();
      const start = begun.pop();
      commas.pop();
      if (kind !== (char === '}' ? '{' : '[') || start === undefined) return undefined;
      const depth = open.join('');
      if (kind !== '{' || (isListed ? depth !== '[' && depth !== '{[' : depth !== '')) continue;
      found.push(elementAt(text, start, at + 1, commas.at(-1) ?? -1));
    } else if (char === ',' && open.length > 0) commas[commas.length - 1] = at;
  }
  return open.length > 0 || isString ? undefined : found;
}

/** With the comma behind it, or of the last one the one before it. */
function elementAt(text: string, start: number, end: number, comma: number): Element {
  const behind = /^\s*,/.exec(text.slice(end, end + 200))?.[0];
  if (behind !== undefined) return { start, end, from: start, to: end + behind.length };
  return { start, end, from: comma >= 0 ? comma : start, to: end };
}

export function without(text: string, { from, to }: Pick<Element, 'from' | 'to'>): string {
  return text.slice(0, from) + text.slice(to);
}

export function damageElement(
  text: string,
  { start, end }: Element,
  random: Random,
): { text: string; how: string } {
  switch (random.below(6)) {
    case 0:
      return { text: text.slice(0, start) + garbage(text, random) + text.slice(end), how: 'is garbage' };
    case 1: {
      const at = start + random.below(end - start);
      const to = Math.min(end, at + 1 + random.below(200));
      return { text: text.slice(0, at) + text.slice(to), how: `lacks ${to - at} bytes from ${at}` };
    }
    default:
      return scribble(text, start, end, random);
  }
}
