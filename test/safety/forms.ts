/** Each form of output by a reader that isn't ours: its shape, whatever its texts say, and the texts. */
import { Graphviz } from '@hpcc-js/wasm-graphviz';
import { JSDOM } from 'jsdom';
import { type MarkedToken, marked, type Token } from 'marked';
import { SaxesParser } from 'saxes';
import { loadMermaid } from '../support/mermaid.ts';
import { SARIF } from '../support/sarif-check.ts';
import { ajv } from '../support/schemas.ts';
import { checkJunit } from '../support/xml-check.ts';

export interface Read {
  readonly shape: unknown;
  readonly texts: readonly string[];
}

export type Form =
  | 'text'
  | 'lines'
  | 'json'
  | 'jsonl'
  | 'html'
  | 'svg'
  | 'junit'
  | 'sarif'
  | 'github'
  | 'tap'
  | 'markdown'
  | 'mermaid'
  | 'dot'
  | 'lcov';

/** Throws what a strict reader objects to. */
export const READERS: Readonly<Record<Form, (text: string) => Promise<Read> | Read>> = {
  // Its lines are as long as there is room.
  text: (text) => ({ shape: undefined, texts: [text.replaceAll(/\s+/g, ' ')] }),
  lines: (text) => ({ shape: text.split('\n').length, texts: [text] }),
  json: (text) => jsonRead(JSON.parse(text)),
  jsonl: (text) =>
    jsonRead(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ),
  html: htmlRead,
  svg: svgRead,
  junit: (text) => {
    checkJunit(text);
    return xmlRead(text);
  },
  sarif: (text) => {
    const value = JSON.parse(text) as unknown;
    if (!ajv.validate(SARIF, value)) throw new Error(ajv.errorsText());
    return jsonRead(value);
  },
  github: (text) => {
    const lines = text.trimEnd().split('\n');
    // The runner takes `::name key=value,…::message`; it has no other way to tell a property's end.
    const shape = lines.map((line) => {
      const [, name, properties = ''] = /^::(error|warning|notice)(?: ([^:]*))?::/.exec(line) ?? [];
      if (name === undefined) throw new Error(`no annotation: ${line}`);
      return [name, ...properties.split(',').map((one) => one.split('=')[0])];
    });
    return { shape, texts: [text] };
  },
  tap: (text) => {
    const lines = text.trimEnd().split('\n');
    const shape = lines.map(
      (line) => /^(TAP version|1\.\.\d+|(?:not )?ok \d+ - |\s+(?:---|\.\.\.)?|)/.exec(line)?.[0],
    );
    return { shape: shape.filter((begin) => begin?.trim() !== ''), texts: [text] };
  },
  markdown: markdownRead,
  mermaid: mermaidRead,
  dot: dotRead,
  lcov: (text) => ({ shape: text.split('\n').map((line) => line.split(':')[0]), texts: [text] }),
};

/** Keys, and kinds of values; keys that strangers gave by what they begin with. */
function jsonRead(value: unknown): Read {
  const texts: string[] = [];
  const visit = (each: unknown): unknown => {
    if (typeof each === 'string') texts.push(each);
    if (Array.isArray(each)) return each.map(visit);
    if (typeof each !== 'object' || each === null) return typeof each;
    return Object.entries(each).map(([key, inner]) => {
      texts.push(key);
      return [/Q\d{3}Z/.exec(key)?.[0] ?? key, visit(inner)];
    });
  };
  return { shape: visit(value), texts };
}

/** Where a word is broken depends on the word, and so do a drawing's lines; what a message has in backticks is code, in spans that stay whole. */
const LOOSE: ReadonlySet<string> = new Set(['wbr', 'tspan', 'br', 'code', 'span']);

/** What no page of ours has. */
const FOREIGN: ReadonlySet<string> = new Set(
  'img iframe object embed base form frame link audio video foreignObject'.split(' '),
);

function htmlRead(text: string): Read {
  const { document } = new JSDOM(text).window;
  const texts: string[] = [];
  /** Of a loose element what is in it. */
  const visit = (element: Element): readonly unknown[] => {
    for (const { value } of element.attributes) texts.push(value);
    const attributes = [...element.attributes].map(({ name }) => name);
    if (FOREIGN.has(element.localName)) throw new Error(`an element ${element.localName}`);
    const wrong = attributes.find((name) => /^on|^src|^style$|action$/.test(name));
    if (wrong !== undefined) throw new Error(`an attribute ${wrong}`);
    if (
      element.localName === 'script' &&
      /alert\(1\)/.test(element.textContent ?? '') &&
      element.getAttribute('type') !== 'application/json'
    )
      throw new Error('a script');
    if (element.localName === 'a' && !/^#/.test(element.getAttribute('href') ?? '#'))
      throw new Error(`a link to ${element.getAttribute('href')}`);
    const children = [...element.children].flatMap(visit);
    return LOOSE.has(element.localName) ? children : [[element.localName, attributes, children]];
  };
  const shape = visit(document.documentElement);
  texts.push(document.documentElement.textContent ?? '');
  return { shape, texts };
}

function xmlRead(text: string): Read {
  const texts: string[] = [];
  const shape: unknown[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    shape.push([name, Object.keys(attributes)]);
    texts.push(...Object.values(attributes).map(String));
  });
  parser.on('closetag', ({ name }) => shape.push(`/${name}`));
  parser.on('text', (each) => texts.push(each));
  parser.write(text).close();
  return { shape, texts };
}

/** What is drawn; its places are as the words are wide. */
function svgRead(text: string): Read {
  const { shape, texts } = xmlRead(text);
  return { shape, texts };
}

function markdownRead(text: string): Read {
  const shape: unknown[] = [];
  const texts: string[] = [];
  marked.walkTokens(marked.lexer(text), (each: Token) => {
    const token = each as MarkedToken;
    if (['text', 'codespan', 'code', 'html'].includes(token.type)) {
      texts.push(token.raw);
      if (token.type !== 'html' && token.type !== 'code') return;
    }
    if (token.type === 'html' && !/^<\/?(details|summary)\b/.test(token.raw.trim()))
      throw new Error(`markup: ${token.raw}`);
    if (token.type === 'link' || token.type === 'image') throw new Error(`a link: ${token.raw}`);
    // Words that are code are strong or not, one after the other.
    if (['heading', 'table', 'code', 'html', 'list', 'list_item', 'blockquote', 'hr'].includes(token.type))
      shape.push(token.type);
  });
  return { shape, texts };
}

let diagrams: Promise<{ parse(text: string): Promise<{ vertices: number; edges: number }> }> | undefined;

async function mermaidRead(text: string): Promise<Read> {
  diagrams ??= diagramReader();
  const { parse } = await diagrams;
  return {
    shape: await parse(text),
    texts: [text.replaceAll(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))],
  };
}

async function diagramReader() {
  const mermaid = await loadMermaid();
  return {
    parse: async (text: string) => {
      await mermaid.parse(text);
      const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
      const drawn = db as unknown as {
        getVertices(): Map<string, unknown>;
        getEdges(): unknown[];
        getSubGraphs(): unknown[];
        getTooltip?(id: string): string | undefined;
      };
      return {
        vertices: drawn.getVertices().size,
        edges: drawn.getEdges().length,
        subgraphs: drawn.getSubGraphs().length,
      };
    },
  };
}

let graphviz: Promise<Graphviz> | undefined;

async function dotRead(text: string): Promise<Read> {
  graphviz ??= Graphviz.load();
  const drawn = xmlRead((await graphviz).layout(text, 'svg', 'dot').replace(/<!DOCTYPE[^>]*>/, ''));
  const elements = (drawn.shape as [string, string[]][]).filter(([name]) => name !== undefined);
  // Long words make no more nodes, but more strokes of their boxes.
  const groups = elements.filter(([name]) => name === 'g' || name === 'a').map(([name]) => name);
  if (groups.includes('a')) throw new Error('a link');
  return { shape: groups.length, texts: drawn.texts };
}
