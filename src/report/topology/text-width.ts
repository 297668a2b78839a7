/**
 * How wide a text is at most, whichever font of the stacks below a viewer has: for each class of characters the widest of Verdana,
 * DejaVu Sans, Segoe UI, Helvetica, Arial, Roboto and Liberation Sans, and of the fixed-width fonts DejaVu Sans Mono, Menlo,
 * Consolas, Courier New and Liberation Mono (their hmtx tables), in em.
 */

export const SANS = `'Segoe UI', 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', Verdana, sans-serif`;
export const MONO = `Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', 'Courier New', monospace`;

export type Face = 'sans' | 'bold' | 'mono';

const CLASSES: readonly (readonly [RegExp, number])[] = [
  [/[ijl|!.,:;'`I]/, 0.46],
  [/[ftr()[\]{}\-/\\"J]/, 0.52],
  [/ /, 0.36],
  [/[mMwW@%+<>=~#^_&]/, 1.08],
  [/[A-Z]/, 0.8],
];
const REST = 0.65;
const BOLD = 1.13;
const FIXED = 0.62;
/** Latin, Greek and Cyrillic beyond ASCII, with typographic signs: most fonts have them. */
const KNOWN = 1.1;
const KNOWN_FIXED = 0.85;
const WELL_KNOWN = /^[\x20-\x7e\xa0-\u052f\u2010-\u2026]*$/;
/** Any other character, in whichever font has it: no table can tell. */
const OTHER = 1.1;

const SANS_WIDTHS: readonly number[] = Array.from({ length: 0x80 }, (_, code) => {
  const character = String.fromCharCode(code);
  return CLASSES.find(([pattern]) => pattern.test(character))?.[1] ?? REST;
});

/** In units of `size`. */
export function textWidth(text: string, face: Face, size: number): number {
  let width = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0x80) width += !isWellKnown(character) ? OTHER : face === 'mono' ? KNOWN_FIXED : KNOWN;
    else width += face === 'mono' ? FIXED : (SANS_WIDTHS[code] ?? REST) * (face === 'bold' ? BOLD : 1);
  }
  return Math.ceil(width * size);
}

/** Is the width an upper bound? Otherwise the printer has to ask for the text to be drawn in so much. */
export function isWellKnown(text: string): boolean {
  return WELL_KNOWN.test(text);
}
