/** Rulesets that somebody made to be expensive: they end, and it is said where nothing can be told. */
import { expect, it } from 'vitest';
import { doubledJumps, doubledJumpsNft, longJumps } from '../../scripts/bench/hostile/texts.mjs';
import { doesNothing } from '../../src/lint/checks/chain-does-nothing.ts';
import { parseSave } from '../../src/xtables/parse.ts';
import { run } from '../cli/harness.ts';
import { directoryOf } from '../input/files.ts';

it('chains that jump twice to the next one stay undecided', async () => {
  const folder = directoryOf({ 'rules.v4': doubledJumps(40) });
  const linted = await run(['lint', folder]);
  expect(linted).toMatchObject({ status: 0, stderr: expect.stringContaining('it takes too long to decide') });
  const compared = await run(['diff', folder, '--what-if', 'iptables -I INPUT -p udp -j DROP']);
  expect(compared.stdout).toContain('steps are needed');
});

it.each([
  ['iptables', 'rules.v4', doubledJumps(20)],
  ['nft', 'nft.txt', doubledJumpsNft(20)],
])(
  'of a packet whose walk through rules of %s is given up nobody says that it is dropped',
  async (_, name, rules) => {
    const folder = directoryOf({
      'ip-addr.txt': '2: eth0: <UP,LOWER_UP> mtu 1500\n    inet 10.9.0.2/24 scope global eth0\n',
      'ip-route.txt':
        'default via 10.9.0.1 dev eth0\n10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.2\n',
      [name]: rules,
    });
    const words = ['trace', folder, '--from', 'host', '--to', '8.8.8.8'];
    const { status, stdout } = await run(words);
    expect(stdout).toContain("The packet can't be followed past host.");
    expect(stdout).toContain('? unknown');
    expect(stdout).not.toContain('dropped');
    expect(status).toBe(1);
    const { there } = JSON.parse((await run([...words, '--format', 'json'])).stdout);
    expect(there).toMatchObject({ verdict: 'unknown' });
    expect(there).not.toHaveProperty('likely');
  },
);

it('twenty thousand chains, one behind the other, are no reason to break off', async () => {
  const folder = directoryOf({ 'rules.v4': longJumps(20_000) });
  const { status } = await run(['lint', folder]);
  expect(status).toBeLessThan(2);
});

it('a circle of many chains is named by its first', async () => {
  const open = longJumps(500).replace('-A C499 -p tcp -m tcp --dport 1 -j DROP', '-A C499 -j C0');
  const { stdout } = await run(['lint', directoryOf({ 'rules.v4': open })]);
  const [title = ''] = /closes a circle: [^\n]*(?:\n +[^\n]*→[^\n]*)*/.exec(stdout) ?? [];
  expect(title.replace(/\s+/g, ' ')).toContain('C0 → C1 → C2');
  expect(title).toContain('…');
  expect(title.length).toBeLessThan(400);
});

it.each([
  ['-A A -j B\n-A B -j C\n-A C -j RETURN', ['A', 'B', 'C']],
  ['-A A -j B\n-A A -j B\n-A B -j C', ['A', 'B', 'C']],
  ['-A A -j B\n-A B -j C\n-A C -j A', []],
  ['-A A -j B\n-A B -j C\n-A C -j DROP', []],
  ['-A A -j B\n-A B -g C', ['C']],
  ['-A A -j B\n-A A -j C\n-A C -m limit --limit 1/s -j RETURN', ['B']],
])('%j: chains that do nothing', (rules, expected) => {
  const text = `*filter\n:INPUT ACCEPT [0:0]\n:A - [0:0]\n:B - [0:0]\n:C - [0:0]\n${rules}\nCOMMIT\n`;
  const table = parseSave(text, 'x').ruleset.tables.get('filter');
  if (!table) throw new Error('no table');
  expect(['A', 'B', 'C'].filter((name) => doesNothing(table, name))).toEqual(expected);
});
