// The script of a report's page, one file that is put into it.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

export const PAGE = 'src/report/html/page';

/** Its text, made when a source is newer than that in dist/. @param {string} root */
export async function pageScript(root) {
  const made = join(root, 'dist/report-page.js');
  const folder = join(root, PAGE);
  const changed = readdirSync(folder).map((file) => statSync(join(folder, file)).mtimeMs);
  if (existsSync(made) && statSync(made).mtimeMs > Math.max(...changed)) return readFileSync(made, 'utf8');
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [join(folder, 'main.ts')],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'ascii',
  });
  // It stands inside of an element.
  const text = (outputFiles[0]?.text ?? '').replaceAll('</', '<\\/').trim();
  mkdirSync(join(root, 'dist'), { recursive: true });
  // Somebody else may be reading it.
  writeFileSync(`${made}.${process.pid}`, text);
  renameSync(`${made}.${process.pid}`, made);
  return text;
}
