/** Code of the project made ready to be measured inside this process: as nettrace runs, from one file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/**
 * What a module exports.
 * @param {import('esbuild').BuildOptions} input `entryPoints`, or `stdin`
 */
export async function bundled(input) {
  const folder = mkdtempSync(join(process.env.NETTRACE_BENCH_DIR ?? tmpdir(), 'nettrace-bundled-'));
  try {
    const outfile = join(folder, 'bundle.mjs');
    await build({
      ...input,
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      logLevel: 'warning',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
