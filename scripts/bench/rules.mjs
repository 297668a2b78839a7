// What kube-proxy's rules cost the model: `node scripts/bench/rules.mjs [RULES …]` prints JSON, an object for each number of rules.
// Times are µs of CPU of this process, medians of nine.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const sizes = process.argv.slice(2).map(Number);
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
  const results = (sizes.length > 0 ? sizes : [2000, 20000, 50000, 100000]).map(measure);
  process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
