// Bundles src/ into dist/: one file for the command line, one for the library, and chunks that are loaded when needed.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: { index: 'src/index.ts', cli: 'src/cli/main.ts' },
  outdir: 'dist',
  chunkNames: 'chunk-[hash]',
  bundle: true,
  splitting: true,
  write: false,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
  external: ['cap'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
});

// Another nettrace may be starting from the same checkout: every file appears whole, and the entries last of all.
mkdirSync(dist, { recursive: true });
const isEntry = (file) => /^(cli|index)\.js$/.test(basename(file.path));
for (const file of outputFiles.toSorted((left, right) => isEntry(left) - isEntry(right))) {
  const draft = `${file.path}.${process.pid}`;
  writeFileSync(draft, file.contents);
  renameSync(draft, file.path);
}

// Chunks of builds before this one; when the launcher builds, those stay that a running nettrace may still load.
const packaging = ['build', 'prepare', 'prepack'].includes(process.env.npm_lifecycle_event ?? '');
const keepFrom = packaging ? Number.POSITIVE_INFINITY : Date.now() - 10 * 60_000;
const current = new Set(outputFiles.map((file) => basename(file.path)));
for (const name of readdirSync(dist)) {
  const path = join(dist, name);
  if (/^chunk-/.test(name) && !current.has(name) && statSync(path).mtimeMs < keepFrom) {
    rmSync(path, { force: true });
  }
}
