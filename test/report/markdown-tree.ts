/** Markdown as `marked` reads it: what is shown, and whether anything came to be that nobody wrote. */
import { JSDOM } from 'jsdom';
import { type MarkedToken, marked, type Token, type Tokens } from 'marked';
import { loadMermaid } from '../support/mermaid.ts';

export interface Tree {
  /** `### 1. it is dropped`: depth, and the text without its markup. */
  readonly headings: readonly { readonly depth: number; readonly text: string }[];
  /** Head and rows, cells as text. */
  readonly tables: readonly {
    readonly head: readonly string[];
    readonly rows: readonly (readonly string[])[];
  }[];
  readonly fences: readonly { readonly language: string; readonly text: string }[];
  /** How often each kind of element is there. */
  readonly elements: Readonly<Record<string, number>>;
  /** What is wrong, each in a few words; none where it is as it should be. */
  readonly faults: readonly string[];
}

const ELEMENTS: ReadonlySet<string> = new Set(
  'h2 h3 p strong code pre ul ol li table thead tbody tr th td details summary'.split(' '),
);
/** Of ours, and of what is rendered. */
const ATTRIBUTES: ReadonlySet<string> = new Set(['open', 'class', 'align']);

/** Mentions, references, links, emoji, hashes of commits, quick actions: what GitHub or GitLab make of rendered text. */
const MADE_OF_TEXT =
  /@\w|[#!$%~^&]\w|\b[a-z]{2,9}-\d|https?:|ftp:|mailto:|www\.|:[a-z0-9_+-]*[a-z][a-z0-9_+-]*:|:100:|\b[0-9a-f]{7,40}\b|^\s*\/\w|<|\$\$/i;

export function readMarkdown(text: string): Tree {
  const headings: Tree['headings'][number][] = [];
  const tables: Tree['tables'][number][] = [];
  const fences: Tree['fences'][number][] = [];
  const elements: Record<string, number> = {};
  const faults: string[] = [];
  if (/[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028\u202e]/.test(text))
    faults.push('a character that nobody sees');
  if (/undefined|\[object|NaN|Infinity/.test(text)) faults.push('a value that is none');
  if (Buffer.byteLength(text) > 65_536) faults.push(`${Buffer.byteLength(text)} bytes`);

  const tokens = marked.lexer(text);
  marked.walkTokens(tokens, (each: Token) => {
    const token = each as MarkedToken;
    if (token.type === 'heading') headings.push({ depth: token.depth, text: textOf(token.tokens) });
    if (token.type === 'table') {
      const cells = (row: readonly Tokens.TableCell[]) => row.map((cell) => textOf(cell.tokens));
      tables.push({ head: cells(token.header), rows: token.rows.map(cells) });
      for (const line of token.raw.trimEnd().split('\n'))
        if (line.replaceAll('\\|', '').split('|').length !== token.header.length + 2)
          faults.push(`not ${token.header.length} cells: ${line}`);
    }
    if (token.type === 'code') fences.push({ language: token.lang ?? '', text: token.text });
  });

  // The forges look at what is rendered, and pass over code.
  const judge = (node: Node) => {
    if (node.nodeType === 3 && MADE_OF_TEXT.test(node.textContent ?? ''))
      faults.push(`“${node.textContent}” in plain text`);
    if (node.nodeType === 1) {
      const { localName, attributes } = node as Element;
      elements[localName] = (elements[localName] ?? 0) + 1;
      if (!ELEMENTS.has(localName)) faults.push(`an element ${localName}`);
      for (const { name } of attributes) if (!ATTRIBUTES.has(name)) faults.push(`an attribute ${name}`);
      if (localName === 'code' && node.firstChild?.nodeType === 3 && node.childNodes.length === 1) return;
    }
    for (const child of node.childNodes) judge(child);
  };
  const fragment = JSDOM.fragment(marked.parser(tokens));
  fragment.normalize();
  judge(fragment);
  return { headings, tables, fences, elements, faults };
}

function textOf(tokens: readonly Token[] = []): string {
  return tokens
    .map((token) => ('tokens' in token && token.tokens ? textOf(token.tokens) : (token as Tokens.Text).text))
    .join('');
}

export function faultsOf(text: string): readonly string[] {
  return readMarkdown(text).faults;
}

/** Mermaid's own parser: the kind of a diagram; it throws where it is none. */
export async function mermaidParser(): Promise<(text: string) => Promise<string>> {
  const mermaid = await loadMermaid();
  return async (text) => {
    const { diagramType } = await mermaid.parse(text);
    return diagramType;
  };
}
