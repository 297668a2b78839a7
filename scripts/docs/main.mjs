// `npm run docs`: pages of the library's types and functions, in docs/api (or where the first word says). Fails on a warning:
// a type that is used and not exported, something public without a word, a link to nowhere.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const typedoc = join(dirname(createRequire(import.meta.url).resolve('typedoc/package.json')), 'bin/typedoc');
const [out] = process.argv.slice(2);
const words = [typedoc, '--options', join(here, 'typedoc.json'), ...(out ? ['--out', resolve(out)] : [])];
const { status } = spawnSync(process.execPath, words, { cwd: here, stdio: 'inherit' });
process.exitCode = status ?? 1;
