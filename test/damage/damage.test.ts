/** What a damaged file costs: the damaged part and nothing else. A long run is `npm run soak:damage`. */
import { describe, expect, it } from 'vitest';
import { corpus } from './corpus.ts';
import { readFile } from './reading.ts';
import type { Outcome } from './run.ts';
import { session } from './session.ts';

const ADDRESSES = `2: a: <UP> mtu 1500 state UP
    link/ether 00:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    altname x
    inet 10.0.0.1/24 scope global a
3: b: <UP> mtu 1500 state UP
    link/ether 00:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
    inet 10.0.1.1/24 scope global b
`;
const TABLES = `*filter
:OUTPUT DROP [0:0]
COMMIT
*nat
:OUTPUT ACCEPT [0:0]
-A OUTPUT -j ACCEPT
COMMIT
`;
const RUNS = 200;

describe('a file that is damaged in one place', () => {
  it('is read as the whole one is, apart from the damaged part', { timeout: 120_000 }, async () => {
    const losses: string[] = [];
    let number = 0;
    const next = () => (number < RUNS ? number++ : undefined);
    const figures = await session({ seed: 10 }, next, (run, outcome) => {
      losses.push(described(run, outcome));
    });
    expect(losses).toEqual([]);
    expect(figures.runs).toBe(RUNS);
    expect(figures.held).toBeGreaterThan(RUNS);
  });

  it('comes from every corpus of the project', () => {
    const own = corpus().groups.filter(([sample]) => !sample?.path.startsWith('..'));
    expect(own).toHaveLength(4);
  });
});

describe('a damaged part', () => {
  it.each<[string, string, string, string]>([
    [
      'of binary garbage leaves a text a text',
      'ip-addr.txt',
      ADDRESSES.replace('altname', '\0\x01\x02'),
      '167772161',
    ],
    [
      'that was a link’s header leaves the link before as it was',
      'ip-addr.txt',
      ADDRESSES.replace('3: b: <UP>', '3; b'),
      `"mac":1`,
    ],
    [
      'that named a table leaves the others as they were',
      'iptables-save.txt',
      TABLES.replace('*nat', '*n!t'),
      '"policy":"DROP"',
    ],
    [
      'between tables leaves the others as they were',
      'iptables-save.txt',
      TABLES.replace('*nat', ''),
      '"policy":"DROP"',
    ],
  ])('%s', async (_, name, text, expected) => {
    const { records } = await readFile(name, new Uint8Array(Buffer.from(text)));
    expect(records.map((record) => record.text).join('\n')).toContain(expected);
  });
});

function described(run: number, { path, how, lost, thrown }: Outcome): string {
  return `run ${run}, ${path}, ${how}: ${thrown ?? lost.slice(0, 5).join('\n')}`;
}
