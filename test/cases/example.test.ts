/** docs/examples/firewall, as it is written there. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const PROGRAM = resolve('bin/nettrace.js');
const SOURCE = 'docs/examples/firewall';
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-example-'));
  cpSync(SOURCE, folder, { recursive: true });
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function nettrace(command: string): { status: number | null; stdout: string; stderr: string } {
  const words = command.replace(/^(npx )?nettrace /, '').split(' ');
  const env = { ...process.env, LANG: 'C.UTF-8', COLUMNS: '80' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...words], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { status, stdout: stdout.replace(/(,| ·) \d+ ms/g, '').replace(/ · \d+\.\d+ s/g, ''), stderr };
}

const read = (name: string) => readFileSync(join(SOURCE, name), 'utf8');
const consoles = () =>
  [...read('README.md').matchAll(/```console\n([\s\S]*?)```/g)].map(([, text = '']) => text);

describe('as it is', () => {
  it('the README’s command prints what it shows', () => {
    const [, command = '', shown] = /^\$ ([^\n]*)\n([\s\S]*)$/.exec(consoles()[0] ?? '') ?? [];
    const { status, stdout } = nettrace(command);
    expect(stdout).toBe(shown);
    expect(status).toBe(0);
  });

  it('the workflow’s and the package’s commands pass', () => {
    const workflow = parse(read('.github/workflows/firewall.yml')) as {
      jobs: { test: { steps: { run?: string }[] } };
    };
    const runs = workflow.jobs.test.steps.flatMap(({ run }) =>
      run?.startsWith('npx nettrace') ? [run] : [],
    );
    expect(runs).toHaveLength(3);
    for (const run of runs) expect(nettrace(run).status, run).toBe(0);
    expect(existsSync(join(folder, 'firewall.xml'))).toBe(true);
    expect(existsSync(join(folder, 'nettrace-coverage.html'))).toBe(true);
    const { scripts } = JSON.parse(read('package.json')) as { scripts: { test: string } };
    expect(nettrace(scripts.test).status).toBe(0);
  });
});

describe('with a broken rule', () => {
  const rules = read('rules/gateway.v4');

  it('that is put before another, the case shows path and rule', () => {
    const broken = rules.replace(/^(?=-A FORWARD -i wan0 -d)/m, '-A FORWARD -i wan0 -j DROP\n');
    writeFileSync(join(folder, 'rules/gateway.v4'), broken);
    const { status, stdout } = nettrace('nettrace test --strict');
    expect(stdout).toContain(consoles()[1]?.trimEnd());
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).toContain('│ filter:FORWARD:rule:3  -A FORWARD -i wan0 -j DROP  (rules/gateway.v4:20)');
    expect(status).toBe(1);
  });

  it.each([
    [
      'the shop’s DNAT leads elsewhere',
      '10.20.0.10:8443',
      '10.20.0.11:8443',
      /found dropped by filter FORWARD policy rule rules\/gateway\.v4:11/,
    ],
    [
      'no MASQUERADE',
      '-A POSTROUTING -o wan0 -j MASQUERADE\n',
      '',
      /found +forwarded via wan0 as 10\.10\.0\.20, no answer/,
    ],
    [
      'no answers come in',
      /-A FORWARD -m conntrack --ctstate RELATED.*\n/,
      '',
      /answer dropped by filter FORWARD policy/,
    ],
    [
      'mail is let through',
      /-A FORWARD .*--dport 25 .*\n/,
      '',
      /from desk to 8\.8\.8\.8:25\/tcp[\s\S]*found +forwarded via wan0/,
    ],
  ])('%s', (_what, from, to, said) => {
    writeFileSync(join(folder, 'rules/gateway.v4'), rules.replace(from, to));
    const { status, stdout } = nettrace('nettrace test');
    expect(stdout.replace(/\s+/g, ' ')).toMatch(said);
    expect(status).toBe(1);
  });

  it('a file that is no ruleset makes the cases unusable', () => {
    writeFileSync(join(folder, 'rules/gateway.v4'), 'nonsense\n');
    const { status, stdout } = nettrace('nettrace test');
    expect(stdout).toContain('rules/gateway.v4:1');
    expect(status).toBe(2);
  });
});
