/** The words and signs of a filter, with their places. */

export type Sign = '(' | ')' | '!' | '&&' | '||' | ',' | '>' | '<' | '<>' | '==' | '!=';

export interface Token {
  readonly text: string;
  /** What kind of sign; absent for words. */
  readonly sign?: Sign;
  /** Between quotes: a name, whatever it looks like. */
  readonly quoted?: true;
  readonly at: number;
  readonly length: number;
}

/** Every way to write a sign, the longer ones first. */
const SIGNS: readonly (readonly [text: string, sign: Sign])[] = [
  ['<->', '<>'],
  ['<=>', '<>'],
  ['-->', '>'],
  ['<>', '<>'],
  ['->', '>'],
  ['=>', '>'],
  ['<-', '<'],
  ['&&', '&&'],
  ['||', '||'],
  ['==', '=='],
  ['!=', '!='],
  ['→', '>'],
  ['←', '<'],
  ['↔', '<>'],
  ['⇄', '<>'],
  ['>', '>'],
  ['<', '<'],
  ['(', '('],
  [')', ')'],
  ['!', '!'],
  [',', ','],
  ['=', '=='],
];

/** A quote that isn't closed ends with the text. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; at < text.length; ) {
    if (/\s/.test(text[at] as string)) {
      at++;
      continue;
    }
    const token = quoted(text, at) ?? signAt(text, at) ?? wordAt(text, at);
    found.push(token);
    at += token.length;
  }
  return found;
}

function quoted(text: string, at: number): Token | undefined {
  const quote = text[at];
  if (quote !== '"' && quote !== "'") return undefined;
  const close = text.indexOf(quote, at + 1);
  const end = close < 0 ? text.length : close;
  return { text: text.slice(at + 1, end), quoted: true, at, length: Math.min(text.length, end + 1) - at };
}

function signAt(text: string, at: number): Token | undefined {
  for (const [form, sign] of SIGNS) {
    if (text.startsWith(form, at)) return { text: form, sign, at, length: form.length };
  }
  return undefined;
}

function wordAt(text: string, at: number): Token {
  let end = at + 1;
  while (end < text.length && !/[\s"']/.test(text[end] as string) && !signAt(text, end)) end++;
  return { text: text.slice(at, end), at, length: end - at };
}
