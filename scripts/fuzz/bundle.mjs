// A target and what it reads with as one module, the sources instrumented or as they are.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, transform } from 'esbuild';
import { assembled } from '../build/assembly.mjs';
import { analysisValidatorModule, expectValidatorModule, validatorModule } from '../build/validator.mjs';
import { instrumented } from './instrument.mjs';

const VALIDATORS = [
  [/\/src\/report\/analysis-validator\.ts$/, analysisValidatorModule],
  [/\/src\/cases\/file\/expect-validator\.ts$/, expectValidatorModule],
  [/\/src\/input\/manifest-validator\.ts$/, validatorModule],
];

/** What Ajv generates asks for its helpers in the old way. */
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);";

/** `entry`: what the module exports, as a text. Gives its path, how many points it counts, and the words of its sources. */
export async function bundle(root, name, entry, { isInstrumented }) {
  const folder = join(root, 'dist/fuzz/bundles');
  mkdirSync(folder, { recursive: true });
  const modules = { kernelCode: 'kernel', countingCode: 'count' };
  for (const module of Object.values(modules)) await assembled(root, module);
  let points = 0;
  const words = new Set();
  const instrument = {
    name: 'instrument',
    setup({ onLoad }) {
      for (const [filter, validator] of VALIDATORS) {
        onLoad({ filter }, async () => ({ contents: await validator(root), resolveDir: root }));
      }
      // The paths to the compiled modules are relative to the sources.
      onLoad({ filter: /\/src\/(scan\/kernel|capture\/counting)-code\.ts$/ }, ({ path }) => {
        const name = path.endsWith('kernel-code.ts') ? 'kernelCode' : 'countingCode';
        const made = JSON.stringify(join(root, `dist/${modules[name]}.wasm`));
        return {
          contents: `import { readFileSync } from 'node:fs'; export const ${name} = () => readFileSync(${made});`,
        };
      });
      onLoad({ filter: /\/src\/version\.ts$/ }, () => ({ contents: "export const VERSION = '0';" }));
      onLoad({ filter: /\/src\/report\/html\/page-code\.ts$/ }, () => ({
        contents: "export const pageCode = () => '';",
      }));
      if (!isInstrumented) return;
      onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
        const { code } = await transform(readFileSync(path, 'utf8'), { loader: 'ts', target: 'node20' });
        const module = instrumented(code, points);
        points += module.points;
        for (const word of module.words) words.add(word);
        return { contents: module.code, loader: 'js' };
      });
    },
  };
  const path = join(folder, `${name}.mjs`);
  await build({
    absWorkingDir: root,
    stdin: { contents: entry, resolveDir: root, loader: 'ts' },
    ...{
      outfile: path,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      packages: 'external',
    },
    ...{ sourcemap: !isInstrumented, logLevel: 'warning', plugins: [instrument], banner: { js: REQUIRE } },
  });
  return { path, points, words: [...words].toSorted() };
}
