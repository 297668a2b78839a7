// Bundles src/ into dist/: one file for the command line, one for the library.
import { build } from 'esbuild';

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'linked',
  logLevel: 'warning',
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
  outdir: 'dist',
};

await build({
  ...shared,
  entryPoints: { index: 'src/index.ts', cli: 'src/cli/main.ts' },
  external: ['cap'],
  splitting: true,
  chunkNames: 'chunk-[hash]',
});
