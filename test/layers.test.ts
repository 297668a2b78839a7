import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The way the data goes; a folder imports only itself and folders before it (docs/architecture.md). */
const ORDER = [
  'base',
  'net',
  'capture',
  'header',
  'packet',
  'scan',
  'skb',
  'xtables',
  'nft',
  'ipset',
  'dump',
  'tcpdump',
  'transcript',
  'input',
  'snapshot',
  'topology',
  'filter',
  'netstack',
  'symbolic',
  'correlate',
  'diagnose',
  'report',
  'cases',
  'difference',
  'lint',
  'library',
  'collect',
  'live',
  'tui',
  'cli',
];
const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

describe('layers', () => {
  it.each(files.filter((file) => file.includes('/')))('%s imports nothing to its right', (file) => {
    const own = ORDER.indexOf(file.split('/')[0] ?? '');
    expect(own, `folder of ${file} is in the order`).toBeGreaterThanOrEqual(0);
    for (const [, path] of readFileSync(join('src', file), 'utf8').matchAll(/from '(\.{1,2}\/[^']+)'/g)) {
      const target = normalize(join(dirname(file), path ?? '')).split('/')[0] ?? '';
      expect(ORDER.indexOf(target), `${file} imports ${path}`).toBeLessThanOrEqual(own);
    }
  });
});
