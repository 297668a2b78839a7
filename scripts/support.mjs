// Puts the table of matches and targets into README.md, as the lists of src/xtables have them.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { outputFiles } = await build({
  entryPoints: [`${root}src/xtables/support.ts`],
  bundle: true,
  format: 'esm',
  platform: 'node',
  write: false,
});
const module = `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`;
const { supportTables } = await import(module);
const readme = readFileSync(`${root}README.md`, 'utf8');
writeFileSync(
  `${root}README.md`,
  readme.replace(
    /(<!-- support -->\n)[\s\S]*?(<!-- \/support -->)/,
    (_, begin, end) => `${begin}${supportTables()}\n${end}`,
  ),
);
