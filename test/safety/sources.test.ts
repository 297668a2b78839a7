/** What the sources never do, by their syntax: run text as code, start programs elsewhere than where it is seen to, speak to a network. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Node, parse } from 'acorn';
import { transform } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';

/** Where programs are started, and by which functions. None of these takes a line for a shell unless it is told to. */
const STARTERS: Readonly<Record<string, readonly string[]>> = {
  'collect/host.ts': ['spawn'],
  'tui/guard.ts': ['spawn', 'spawnSync'],
  'live/reaper.ts': ['spawn'],
  'cli/actions/live/acts.ts': ['spawn'],
};
/** The metrics, on the loopback interface. */
const SPEAKERS: Readonly<Record<string, readonly string[]>> = { 'live/metrics-server.ts': ['createServer'] };
/** Threads whose program is a text. */
const EVALUATED = ['live/analyst.ts'];
const NETWORK = /^(?:node:)?(?:net|tls|http|https|http2|dgram|dns|dns\/promises|inspector|quic)$/;
const PROGRAMS = /^(?:node:)?(?:child_process|cluster)$/;

interface Found {
  readonly imports: readonly (readonly [module: string, names: readonly string[]])[];
  readonly nodes: readonly Syntax[];
  readonly constants: ReadonlyMap<string, Syntax>;
}

type Syntax = Node & Record<string, unknown>;

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);
const found = new Map<string, Found>();

beforeAll(async () => {
  for (const file of files) {
    const { code } = await transform(readFileSync(join('src', file), 'utf8'), {
      loader: 'ts',
      target: 'es2022',
    });
    const nodes: Syntax[] = [];
    const imports: [string, string[]][] = [];
    const constants = new Map<string, Syntax>();
    const visit = (node: Syntax): void => {
      nodes.push(node);
      if (node.type === 'ImportDeclaration') imports.push([textOf(node.source), namesOf(node)]);
      if (node.type === 'VariableDeclarator')
        constants.set((node.id as { name: string }).name, node.init as Syntax);
      for (const value of Object.values(node))
        for (const each of Array.isArray(value) ? value : [value]) if (isSyntax(each)) visit(each);
    };
    visit(parse(code, { ecmaVersion: 2022, sourceType: 'module' }) as unknown as Syntax);
    found.set(file, { imports, nodes, constants });
  }
}, 60_000);

function isSyntax(value: unknown): value is Syntax {
  return typeof value === 'object' && value !== null && typeof (value as Syntax).type === 'string';
}

function textOf(node: unknown): string {
  return String((node as { value?: unknown })?.value ?? '');
}

function namesOf(node: Syntax): string[] {
  const specifiers = node.specifiers as {
    readonly type: string;
    readonly imported?: { readonly name: string };
  }[];
  return specifiers.map(({ imported }) => imported?.name ?? '*');
}

function users(modules: RegExp): Record<string, readonly string[]> {
  const entries = [...found].flatMap(([file, { imports }]) =>
    imports.filter(([module]) => modules.test(module)).map(([, names]) => [file, names.toSorted()] as const),
  );
  return Object.fromEntries(entries);
}

function matching(test: (node: Syntax) => boolean): { file: string; node: Syntax }[] {
  return [...found].flatMap(([file, { nodes }]) => nodes.filter(test).map((node) => ({ file, node })));
}

function filesOf(all: readonly { readonly file: string }[]): string[] {
  return [...new Set(all.map(({ file }) => file))].toSorted();
}

/** It stands in the file as it is. */
function isConstant(file: string, node: Syntax | undefined): boolean {
  if (node?.type === 'Identifier') return isConstant(file, found.get(file)?.constants.get(String(node.name)));
  return (
    node?.type === 'Literal' ||
    (node?.type === 'TemplateLiteral' &&
      (node.expressions as Syntax[]).every((each) => isConstant(file, each)))
  );
}

describe('the sources', () => {
  it('start programs in few places, and with none of the functions that take a line for a shell', () => {
    expect(users(PROGRAMS)).toEqual(STARTERS);
  });

  it('have no network but the metrics’', () => {
    expect(users(NETWORK)).toEqual(SPEAKERS);
  });

  it('load neither by another way', () => {
    const loading = matching(({ type, callee }) => {
      const { type: kind, name } = (callee ?? {}) as { type?: string; name?: string };
      return (
        type === 'ImportExpression' ||
        (type === 'CallExpression' && (name === 'require' || kind === 'CallExpression'))
      );
    });
    const modules = loading.flatMap(({ file, node }) =>
      [node.source, ...((node.arguments as unknown[] | undefined) ?? [])].map(
        (each) => `${file} ${textOf(each)}`,
      ),
    );
    expect(modules.length).toBeGreaterThan(30);
    expect(
      modules.filter((each) => [NETWORK, PROGRAMS].some((names) => names.test(each.split(' ')[1] ?? ''))),
    ).toEqual([]);
  });

  it('know no global that speaks to a network', () => {
    const globals = /^(fetch|WebSocket|EventSource|XMLHttpRequest|sendBeacon)$/;
    expect(
      filesOf(matching(({ type, name }) => type === 'Identifier' && globals.test(String(name)))),
    ).toEqual([]);
  });

  it('run no text as code, but for that of a thread, which is their own', () => {
    expect(users(/^(node:)?vm$/)).toEqual({});
    const called = (node: Syntax) => (node.callee as { name?: string } | undefined)?.name ?? '';
    expect(filesOf(matching((node) => /^(eval|Function)$/.test(called(node))))).toEqual([]);
    const isEval = ({ type, key }: Syntax) =>
      type === 'Property' && (key as { name?: string }).name === 'eval';
    expect(filesOf(matching(isEval))).toEqual(EVALUATED);
    for (const file of EVALUATED)
      for (const { node } of matching((each) => called(each) === 'Worker').filter(
        (each) => each.file === file,
      ))
        expect(isConstant(file, (node.arguments as Syntax[])[0])).toBe(true);
  });

  it('ask nobody for a shell around a program', () => {
    for (const file of Object.keys(STARTERS))
      for (const node of found.get(file)?.nodes ?? [])
        if (node.type === 'Property') expect((node.key as { name?: string }).name, file).not.toBe('shell');
  });

  it('give a shell only what stands in them', () => {
    const seen: string[] = [];
    for (const [file, { nodes }] of found) {
      for (const node of nodes) {
        if (node.type !== 'ArrayExpression') continue;
        const elements = node.elements as Syntax[];
        const at = elements.findIndex((each) => each?.type === 'Literal' && each.value === '-c');
        // The first of tcpdump's options of that name has a number behind it.
        if (at < 0 || elements[at + 1]?.type === 'TemplateLiteral') continue;
        seen.push(file);
        expect(isConstant(file, elements[at + 1]), file).toBe(true);
      }
    }
    expect(seen.toSorted()).toEqual(['live/reaper.ts', 'live/shell-host.ts', 'tui/guard.ts']);
  });
});
