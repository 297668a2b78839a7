// What kube-proxy's rules cost the model: `node scripts/bench/rules.mjs [--quick] [RULES …]` prints JSON, a result for each number of
// rules and the goals they are held against. Times are µs of CPU of this process, medians.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string' }, quick: { type: 'boolean' } },
});
const usual = values.quick ? [2000, 20_000] : [2000, 20_000, 50_000, 100_000];
const sizes = positionals.length > 0 ? positionals.map(Number) : usual;
const folder = mkdtempSync(join(process.env.NETTRACE_BENCH_DIR ?? tmpdir(), 'nettrace-rules-'));
try {
  const outfile = join(folder, 'measure.mjs');
  await build({
    entryPoints: [here('rules/measure.mjs')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
  });
  const { measure } = await import(pathToFileURL(outfile).href);
  const results = sizes.map((size) => measure(size, Number(values.runs ?? 9)));
  const of = (size) => results[sizes.indexOf(size)];
  const [usualSize, largest] = [of(20_000), of(100_000)];
  const goals = [
    { name: 'µs a first packet, 20,000 rules', value: usualSize?.traversal, most: 1 },
    {
      name: 'a first packet, 100,000 rules / 20,000',
      value: usualSize && largest && largest.traversal / usualSize.traversal,
      most: 2,
    },
    { name: 'µs a new world, 20,000 rules', value: usualSize?.world },
  ];
  process.stdout.write(`${JSON.stringify({ goals, results }, undefined, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
