// Runs the command that the README's example shows, and puts what it prints below it.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const updated = readme.replace(
  /(```console\n\$ node bin\/nettrace\.js ([^\n]*)\n)[\s\S]*?(```)/g,
  (_, head, words, tail) => {
    const { stdout } = spawnSync(process.execPath, ['bin/nettrace.js', ...words.split(' ')], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, COLUMNS: '80', LANG: 'C.UTF-8', LC_ALL: '', LC_CTYPE: '' },
    });
    return `${head}${stdout}${tail}`;
  },
);
writeFileSync(`${root}README.md`, updated);
