/** `nettrace lint` as a command: outputs, exit statuses, suppressions, --fix. */
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LINT_PAGES } from '../../src/lint/lint.ts';
import { run } from '../cli/harness.ts';
import { SARIF } from '../support/sarif-check.ts';
import { expectValid } from '../support/schemas.ts';
import { checkJunit } from '../support/xml-check.ts';
import { table } from './lab.ts';

const SSH = '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT';
const GOOD = table(`-A INPUT -i lo -j ACCEPT\n${SSH}`, { policies: 'INPUT=DROP' });
const BAD = table(
  `-A INPUT -p tcp -j DROP\n${SSH}\n-A INPUT -m state --state NEW -j LOG\n-A OUTPUT -j own\n-A own -p tcp --dport`,
);

let folder = '';
const file = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-lint-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('exit status', () => {
  it.each([
    [[], GOOD, 0],
    [[], BAD, 1],
    [['--fail-on', 'never'], BAD, 0],
    [['--only', 'ct-state-obsolete'], BAD, 0],
    [['--only', 'ct-state-obsolete', '--fail-on', 'note'], BAD, 1],
    [['--ignore', 'rule-shadowed,load-refused'], BAD, 0],
    [['--only', 'rule-shadowed', '--fail-on', 'error'], BAD, 0],
    [['--only', 'load-refused', '--fail-on', 'error'], BAD, 1],
  ])('%j', async (options, text, status) => {
    expect((await run(['lint', file('rules.v4', text), ...options])).status).toBe(status);
  });

  it.each([
    [['lint'], 'no input'],
    [['lint', '--only', 'rule-shadow', 'x'], 'Did you mean rule-shadowed?'],
    [['lint', 'package.json'], ''],
    [
      ['lint', 'captures/dns-no-such-name/bundle/namespaces/host/ip-addr.json'],
      'none of the inputs holds rules',
    ],
    [['lint', 'x', '--in-place'], '--in-place belongs to --fix'],
    [['lint', 'x', '--fix', '--format', 'json'], '--fix prints the ruleset'],
  ])('%j is unusable', async (words, said) => {
    const { status, stderr, stdout } = await run(words);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(said);
  });

  it('has nothing to say of the examples', async () => {
    const { status, stdout } = await run([
      'lint',
      'docs/examples/firewall/rules',
      'docs/examples/firewall/state',
    ]);
    expect([status, stdout]).toEqual([0, '14 rules of 1 file: nothing to say\n']);
  });
});

describe('output', () => {
  const bundles = [
    'captures/docker-forward-off-dnat/bundle',
    'captures/docker-flushed-for-ufw/bundle',
    'rulesets',
  ];

  it('reads well at 80 columns, and says what it is about', async () => {
    const { stdout } = await run(['lint', 'rulesets/grown-over-years.rules'], { columns: 80 });
    expect(stdout).toContain('warning  rule-shadowed');
    expect(stdout).toContain('filter INPUT rule 2 never matches: rule 1 takes all of its packets');
    const long = stdout.split('\n').filter((line) => line.length > 80 && !/^ {4}ip6?tables/.test(line));
    expect(long).toEqual([]);
    expect(stdout).not.toContain('\u001b');
    const { stdout: coloured } = await run(['lint', 'rulesets/grown-over-years.rules'], {
      tty: true,
      columns: 80,
    });
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(stdout);
    expect(coloured).not.toBe(stdout);
  });

  it.each(bundles)('%s: JSON, SARIF, JUnit and annotations agree', async (input) => {
    const json = JSON.parse((await run(['lint', input, '--format', 'json', '-q'])).stdout);
    expectValid('lint', json);
    const { findings, summary } = json;
    expect(findings.length).toBe(summary.errors + summary.warnings + summary.notes);
    const sarif = JSON.parse((await run(['lint', input, '--format', 'sarif', '-q'])).stdout);
    const isSarif = new Ajv({ allErrors: true, strict: false }).compile(SARIF);
    expect(isSarif(sarif), JSON.stringify(isSarif.errors?.slice(0, 3))).toBe(true);
    expect(sarif.runs[0].results.map((result: { ruleId: string }) => result.ruleId)).toEqual(
      findings.map(({ id }: { id: string }) => id),
    );
    const junit = checkJunit((await run(['lint', input, '--format', 'junit', '-q'])).stdout);
    expect(Number(junit.attributes.failures)).toBe(summary.errors + summary.warnings);
    const github = (await run(['lint', input, '--format', 'github', '-q'])).stdout.trimEnd().split('\n');
    expect(
      github.filter((line) => /^::(error|warning|notice) file=[^,]+,line=\d+,title=/.test(line)),
    ).toHaveLength(findings.length);
  });

  it('tells findings of one kind as a list when there are many', async () => {
    const wide = [1, 2, 3, 4].map((n) => `-A INPUT -s 10.${n}.0.0/16 -j DROP`);
    const narrow = [1, 2, 3, 4].map((n) => `-A INPUT -s 10.${n}.5.0/24 -j DROP`);
    const many = file('many.v4', table([...wide, ...narrow].join('\n')));
    const { stdout } = await run(['lint', many, '--only', 'rule-shadowed'], { columns: 80 });
    expect(stdout).toContain('note  rule-shadowed  4 times\n  Rules before it take all of its packets\n');
    expect(stdout).toContain('filter INPUT rule 8 never matches: rule 4 takes all of its packets');
    expect(stdout.match(/It can go:/g)).toHaveLength(1);
    expect(stdout.match(/^ {4}iptables -D INPUT -s 10/gm)).toHaveLength(4);
    const few = file('few.v4', table([...wide.slice(1), ...narrow.slice(1)].join('\n')));
    expect((await run(['lint', few, '--only', 'rule-shadowed'])).stdout.match(/It can go:/g)).toHaveLength(3);
  });

  it('says that rules of nft are not looked at', async () => {
    const nft = file('own.nft', 'table inet own {\n\tchain c {\n\t\ttcp dport 22 accept\n\t}\n}\n');
    const alone = await run(['lint', nft]);
    expect([alone.status, alone.stdout]).toEqual([2, '']);
    expect(alone.stderr).toContain('the inputs hold rules of nft alone (inet own)');
    const rules = file('rules.v4', table('-A INPUT -i lo -j ACCEPT'));
    const both = await run(['lint', rules, nft]);
    expect(both.status).toBe(0);
    expect(both.stdout).toContain('1 table of nft with 1 rule is not looked at: inet own');
    expect((await run(['lint', rules, nft, '--fail-on', 'note'])).status).toBe(1);
    const bundle = await run(['lint', 'captures/another-table-drops/bundle', '--only', 'nft-unchecked']);
    expect([bundle.status, bundle.stdout]).toEqual([0, expect.stringContaining('nft-unchecked')]);
  });

  it('escapes what rules say', async () => {
    const text = table(
      '-A INPUT -p tcp -j DROP\n-A INPUT -p tcp -m comment --comment "\u001b[31mred\u202e ::error::" -j ACCEPT',
    );
    for (const format of ['text', 'json', 'sarif', 'junit', 'github']) {
      const { stdout } = await run(['lint', file('evil\u001b.v4', text), '--format', format]);
      expect(stdout).not.toMatch(/[\u001b\u202e]/);
      expect(stdout.split('\n').some((line) => line.startsWith('::error::'))).toBe(false);
    }
  });

  it('lists the checks, and explain has the page of each', async () => {
    const { stdout } = await run(['lint', '--list']);
    for (const { id, title } of LINT_PAGES) {
      expect(stdout).toContain(`${id} `);
      const page = await run(['explain', id]);
      expect(page.status).toBe(0);
      expect(page.stdout.replace(/\s+/g, ' ')).toContain(title);
      for (const heading of ['Why', 'What to do', 'Not told', 'References'])
        expect(page.stdout).toContain(`  ${heading}\n    `);
    }
    expectValid('checks', JSON.parse((await run(['lint', '--list', '--format', 'json'])).stdout));
    expectValid('checks', JSON.parse((await run(['explain', 'rule-shadowed', '--format', 'json'])).stdout));
    expect((await run(['explain', 'rule-shadowed', '--format', 'markdown'])).stdout).toMatch(
      /^## rule-shadowed: /,
    );
    expect((await run(['explain', 'rule-shadow'])).stderr).toContain('Did you mean rule-shadowed?');
  });

  it('looks at files of the same tables one by one', async () => {
    const paths = [file('one.v4', BAD), file('two.v4', BAD)];
    const { findings } = JSON.parse(
      (await run(['lint', ...paths, '--only', 'rule-shadowed', '--format', 'json'])).stdout,
    );
    expect(findings.map(({ path }: { path: string }) => path)).toEqual(paths);
  });

  it('reads sessions, and lists', async () => {
    const session = file('notes.md', `$ sudo iptables -A INPUT -p tcp -j DROP\n$ sudo iptables ${SSH}\n`);
    expect((await run(['lint', session, '-q'])).stdout).toContain('rule-shadowed');
    const list = file(
      'list.txt',
      `-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-A INPUT -p tcp -j DROP\n${SSH}\n`,
    );
    expect((await run(['lint', list, '-q'])).stdout).toContain('rule-shadowed');
  });
});

describe('suppressions', () => {
  const of = async (text: string): Promise<{ told: string[]; suppressed: string[] }> => {
    const { stdout } = await run(['lint', file('rules.v4', text), '--format', 'json']);
    const { findings, suppressed } = JSON.parse(stdout) as Record<string, { id: string; line: number }[]>;
    const shown = (list: { id: string; line: number }[] = []) => list.map(({ id, line }) => `${id} ${line}`);
    return { told: shown(findings), suppressed: shown(suppressed) };
  };
  const rules = (before: string, comment = ''): string =>
    `*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -j DROP\n${before}-A INPUT -p tcp -m tcp --dport 22 ${comment}-j ACCEPT\n-A INPUT -p tcp -m tcp --dport 80 -j ACCEPT\nCOMMIT\n`;

  it.each([
    ['nothing', rules(''), ['rule-shadowed 4', 'rule-shadowed 5'], []],
    ['the next rule', rules('# nettrace: ignore rule-shadowed\n'), ['rule-shadowed 6'], ['rule-shadowed 5']],
    [
      'several checks',
      rules('# nettrace: ignore rule-no-effect, rule-shadowed\n'),
      ['suppression-unused 4', 'rule-shadowed 6'],
      ['rule-shadowed 5'],
    ],
    [
      'the rule by its comment',
      rules('', '-m comment --comment "nettrace: ignore rule-shadowed" '),
      ['rule-shadowed 5'],
      ['rule-shadowed 4'],
    ],
    [
      'the file',
      rules('# nettrace: ignore-file rule-shadowed\n'),
      [],
      ['rule-shadowed 5', 'rule-shadowed 6'],
    ],
    [
      'the chain',
      rules('').replace(':INPUT', '# nettrace: ignore rule-shadowed\n:INPUT'),
      [],
      ['rule-shadowed 5', 'rule-shadowed 6'],
    ],
    [
      'another check',
      rules('# nettrace: ignore rule-duplicate\n'),
      ['suppression-unused 4', 'rule-shadowed 5', 'rule-shadowed 6'],
      [],
    ],
    [
      'no check',
      rules('# nettrace: ignore rule-shadow\n'),
      ['suppression-unknown 4', 'rule-shadowed 5', 'rule-shadowed 6'],
      [],
    ],
  ])('of %s', async (_what, text, told, suppressed) => {
    expect(await of(text)).toEqual({ told, suppressed });
  });
});

describe('--fix', () => {
  const DEAD = 'rule-shadowed,rule-duplicate,rule-after-end,rule-contradiction,rule-out-of-reach';
  const text = Buffer.concat([
    Buffer.from(
      '# Generated by iptables-save v1.8.9 (nf_tables) on Mon Jan  5 10:00:00 2026\r\n*filter\n:INPUT DROP [12:3400]\n# kept, with Latin-1: ',
    ),
    Buffer.from([0xe4, 0x0a]),
    Buffer.from(
      `[7:420]  -A INPUT -i lo   -j ACCEPT\n[3:180] ${SSH}\n[0:0] ${SSH}\n-A INPUT -s 10.0.0.1,10.0.0.2 -p udp -j ACCEPT\nCOMMIT`,
    ),
  ]);
  const fixed = Buffer.from(text.toString('latin1').replace(`[0:0] ${SSH}\n`, ''), 'latin1');

  it('leaves every other byte, on standard output, in a file, in place, from standard input', async () => {
    const path = file('fix.v4', text);
    const out = join(folder, 'out.v4');
    expect((await run(['lint', path, '--fix', '-o', out])).status).toBe(0);
    expect(readFileSync(out).equals(fixed)).toBe(true);
    expect(readFileSync(path).equals(text)).toBe(true);
    chmodSync(path, 0o640);
    const { stderr, stdout } = await run(['lint', path, '--fix', '--in-place']);
    expect([stdout, stderr]).toEqual(['', `nettrace: ${path}: 1 rule taken out\n`]);
    expect(readFileSync(path).equals(fixed)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    const piped = await run(['lint', '-', '--fix', '-q'], { stdin: text });
    expect(piped.stdout).toBe(fixed.toString());
    const again = await run(['lint', path, '--only', DEAD]);
    expect([again.status, again.stdout.split(': ')[1]]).toEqual([0, 'nothing to say\n']);
  });

  it.each([
    [
      'a list of addresses of which one is dead',
      '-A INPUT -s 10.0.0.1 -j DROP\n-A INPUT -s 10.0.0.1,10.0.0.2 -j ACCEPT',
      'a list of addresses',
    ],
    [
      'places that count rules',
      '-A INPUT -p tcp -j DROP\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -p udp -j DROP\n-I INPUT 4 -p icmp -j DROP',
      'count on it',
    ],
    [
      'the only rule that begins connection tracking',
      '-A INPUT -p tcp -j DROP\n-A INPUT -p tcp -m conntrack --ctstate NEW -j ACCEPT',
      '',
    ],
  ])('leaves %s', async (_what, rules, why) => {
    const path = file('left.v4', table(rules));
    const { stdout, stderr, status } = await run([
      'lint',
      path,
      '--fix',
      '--only',
      DEAD,
      '--fail-on',
      'error',
    ]);
    expect(stdout).toBe(table(rules));
    expect(stderr).toContain(why);
    expect(status).toBeLessThan(2);
  });

  it('takes no lists, packed files and several files', async () => {
    const list = file('list.txt', `-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n${SSH}\n${SSH}\n`);
    expect((await run(['lint', list, '--fix'])).stderr).toContain(
      '--fix needs a file as iptables-save prints it',
    );
    const one = file('one.v4', text);
    copyFileSync(one, join(folder, 'two.v4'));
    expect((await run(['lint', one, join(folder, 'two.v4'), '--fix'])).stderr).toContain(
      '--fix prints one file',
    );
    expect((await run(['lint', one, join(folder, 'two.v4'), '--fix', '--in-place'])).status).toBe(0);
    for (const name of ['one.v4', 'two.v4'])
      expect(readFileSync(join(folder, name)).equals(fixed)).toBe(true);
  });
});
