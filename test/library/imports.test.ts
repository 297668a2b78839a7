/** What importing the library loads, and what it never does. */
import { isBuiltin } from 'node:module';
import { build, type Metafile } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';

let bundled: Metafile;

beforeAll(async () => {
  const { metafile } = await build({
    entryPoints: { index: 'src/index.ts', vitest: 'src/vitest.ts', assert: 'src/assert.ts' },
    external: ['cap', 'blessed', 'vitest'],
    ...{ bundle: true, splitting: true, metafile: true, write: false, outdir: 'out' },
    ...{ platform: 'node', target: 'node20', format: 'esm', logLevel: 'error' },
  });
  bundled = metafile;
}, 60_000);

/** Files that are loaded with the entry, and with each import that is no dynamic one. */
function loadedWith(entry: string): string[] {
  const { outputs } = bundled;
  const [start] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === entry) ?? [''];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const output = outputs[name];
    if (!output || seen.has(name)) return;
    seen.add(name);
    for (const { path, kind } of output.imports) if (kind === 'import-statement') visit(path);
  };
  visit(start);
  return [...seen].flatMap((name) => Object.keys(outputs[name]?.inputs ?? {}));
}

describe('importing', () => {
  it.each(['src/index.ts', 'src/vitest.ts', 'src/assert.ts'])('%s loads little', (entry) => {
    const files = loadedWith(entry);
    expect(files).toContain(entry);
    expect(files.length).toBeLessThan(12);
    expect(files.filter((file) => !/^src\/(index|vitest|assert|library\/|base\/)/.test(file))).toEqual([]);
  });

  it('never comes to the command line, the screen, live captures or collecting', () => {
    const files = Object.keys(bundled.inputs);
    expect(files).toContain('src/diagnose/diagnose.ts');
    expect(files.filter((file) => /^src\/(cli|tui|live|collect)\//.test(file))).toEqual([]);
    const outside = Object.values(bundled.outputs).flatMap(({ imports }) =>
      imports.filter(({ external }) => external),
    );
    const packages = outside.map(({ path }) => path).filter((path) => !isBuiltin(path));
    expect([...new Set(packages)]).toEqual(['vitest']);
  });
});
