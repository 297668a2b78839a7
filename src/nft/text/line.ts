/** A line of a ruleset by its brackets and its indentation. */

export interface Line {
  text: string;
  /** Columns; a tab is eight. */
  readonly indent: number;
  /** Brackets that it opens and doesn't close, and closes and didn't open. */
  readonly opens: number;
  readonly closes: number;
}

/** Strings and comments hold no brackets. */
const BARE = /"[^"\n]*"|#[^\n]*/g;

export function lineOf(text: string): Line {
  let opens = 0;
  let closes = 0;
  for (const char of text.replace(BARE, '').replace(/[^{}]/g, '')) {
    if (char === '{') opens++;
    else if (opens > 0) opens--;
    else closes++;
  }
  const space = /^[ \t]*/.exec(text)?.[0] ?? '';
  return { text, indent: space.replaceAll('\t', '        ').length, opens, closes };
}

export function startsWithBracket({ text }: Line): boolean {
  return /^\s*\}/.test(text);
}

export function endsWithBracket({ text }: Line): boolean {
  return /\{\s*(?:#[^\n]*)?$/.test(text);
}

/** It ends a block and nothing else. */
export function isCloser({ text }: Line): boolean {
  return /^\s*\}\s*(?:#.*)?$/.test(text);
}

/** It begins a block. */
export function isHeader({ text, opens, closes }: Line): boolean {
  return opens === 1 && closes === 0 && /\{\s*(?:#[^\n]*)?$/.test(text);
}

/** It begins a block or a list as nft or people write them. */
export function isKnownHeader(line: Line): boolean {
  return isHeader(line) && /^\s*[a-z]{2,}[\w\s."@=:,/$!*+-]*\{/.test(line.text);
}

/** It opens a block that has a name, behind one that it closes as well. */
export function opensNamed({ text }: Line): boolean {
  return NAMED.test(text);
}

const NAMED =
  /^[\s};]*(?:table|chain|set|map|flowtable|counter|quota|limit|secmark|synproxy|ct [a-z]+)\s+\S+[^{}]*\{/;

export function withoutComment(text: string): string {
  return text.replace(BARE, (part) => (part.startsWith('#') ? '' : part)).trimEnd();
}

export function withoutBrackets(text: string): string {
  return text.replace(/[{}]/g, ' ');
}
