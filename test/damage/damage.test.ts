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
      'that was an address leaves the one before its lifetimes',
      'ip-addr.txt',
      ADDRESSES.replace(
        '    altname x\n',
        '    inet 10.0.9.1/24 scope global a\n       valid_lft 9sec preferred_lft 8sec\n',
      ).replace('    inet 10.0.0.1/24 scope global a\n', '       valid_lft 7sec preferred_lft 6sec\n'),
      '"validLifetime":9',
    ],
    [
      'that was a route of several ways leaves the one before its own',
      'ip-route.txt',
      '10.1.0.0/16 dev a scope link \n\tnexthop via 10.0.0.1 dev b weight 1 \n',
      '"nexthops":[{"dev":"a","weight":1,"flags":[]}]',
    ],
    [
      'that was a set’s name leaves the one before as it was',
      'ipset-list.txt',
      'Name: a\nType: hash:ip\nHeader: family inet hashsize 1024 maxelem 7\nx\nType: hash:ip\nHeader: family inet hashsize 1024 maxelem 8\n',
      '"maxelem":7',
    ],
    [
      'that opened a set in XML leaves the one before as it was',
      'ipset.xml',
      '<ipsets>\n<ipset name="a">\n<type>hash:ip</type>\n<header><family>inet</family><maxelem>7</maxelem>\n</ipset>\n<type>hash:ip</type>\n<header><family>inet</family><maxelem>8</maxelem>\n</ipset>\n</ipsets>\n',
      '"maxelem":7',
    ],
    [
      'that was a port leaves the one before as it was',
      'bridge-link.txt',
      '3: a: <UP> mtu 1500 master b state forwarding priority 32 cost 2 \n    hairpin off guard off \n    hairpin on guard off \n',
      '"hairpin":false',
    ],
    [
      'that was an interface leaves the one before as it was',
      'ifconfig.txt',
      'a: flags=4163<UP>  mtu 1500\n        ether 00:00:00:00:00:01  txqueuelen 1000  (Ethernet)\n\nb: x\n        ether 00:00:00:00:00:02  txqueuelen 1000  (Ethernet)\n',
      '"mac":1',
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
