// Puts the tables that are made from the source into README.md: matches and targets, and the causes.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const tables = [
  ['support', 'src/xtables/support.ts', 'supportTables'],
  ['causes', 'src/report/catalogue.ts', 'catalogueTable'],
];
let readme = readFileSync(`${root}README.md`, 'utf8');
for (const [name, file, maker] of tables) {
  const { outputFiles } = await build({
    entryPoints: [`${root}${file}`],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  const module = `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`;
  const table = (await import(module))[maker]();
  readme = readme.replace(
    new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`),
    (_, begin, end) => `${begin}${table}\n${end}`,
  );
}
writeFileSync(`${root}README.md`, readme);
