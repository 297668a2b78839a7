// Puts the tables that are made from the source into README.md (matches and targets, the causes), docs/lint.md (the checks) and docs/reliability.md (the limits).
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const tables = [
  ['README.md', 'support', 'src/xtables/support.ts', 'supportTables'],
  ['README.md', 'causes', 'src/report/catalogue.ts', 'catalogueTable'],
  ['docs/lint.md', 'lint', 'src/lint/table.ts', 'checksTable'],
  ['docs/reliability.md', 'limits', 'src/report/limits.ts', 'limitsTable'],
];
for (const [page, name, file, maker] of tables) {
  const { outputFiles } = await build({
    entryPoints: [`${root}${file}`],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  });
  const module = `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`;
  const table = (await import(module))[maker]();
  const text = readFileSync(`${root}${page}`, 'utf8').replace(
    new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`),
    (_, begin, end) => `${begin}${table}\n${end}`,
  );
  writeFileSync(`${root}${page}`, text);
}
