import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingLines } from '../../src/collect/bundle.ts';
import { capturePoints, devicesOf } from '../../src/collect/capture-points.ts';
import { withoutSecrets } from '../../src/collect/engines.ts';
import { type FoundNamespace, folderName, netnsidsOf } from '../../src/collect/namespaces.ts';
import { beforeName, NAMESPACE_PLAN } from '../../src/collect/plan.ts';
import { collectScript } from '../../src/collect/script/script.ts';
import { Staging, targetFault } from '../../src/collect/staging.ts';
import { recogniseDump } from '../../src/dump/recognise.ts';
import { stageOf } from '../../src/input/dump-time.ts';
import { run } from '../cli/harness.ts';

describe('the plan', () => {
  const ways = NAMESPACE_PLAN.flatMap(({ ways: all, dropEmpty }) =>
    all.map((way) => ({ ...way, dropEmpty })),
  );

  it.each(ways.filter(({ dropEmpty }) => !dropEmpty).map(({ file, run: [command] }) => [file, command]))(
    '%s is known for what it is, also empty',
    (file, command) => {
      const dump = recogniseDump(`namespaces/red/${file}`, '', command) ?? recogniseDump(file, '', file);
      // What is never empty tells itself.
      if (!/ifconfig|proc-net|netstat|brctl|ss\.txt|nstat/.test(file)) expect(dump, file).toBeDefined();
    },
  );

  it('reads counters before a capture under names that tell the order', () => {
    expect(beforeName('nstat.txt')).toBe('nstat-before.txt');
    expect(stageOf(beforeName('iptables-save.txt'))).toEqual({ order: 0 });
  });

  it('names no table to the legacy tools, which would make it', () => {
    for (const { run: commands, when } of ways)
      for (const command of commands) {
        if (/legacy|^ip6?tables-save/.test(command))
          expect([command, when?.listed]).toEqual([command, expect.stringMatching(/_tables_names$/)]);
        if (/^(nft|\w+-nft-save|ipset|conntrack) /.test(command))
          expect([command, when?.modules]).toEqual([command, expect.any(Array)]);
      }
  });
});

const NAMESPACES: FoundNamespace[] = [
  { name: 'host', path: undefined, inode: 1 },
  { name: 'red', path: '/run/netns/red', inode: 2, named: 'red' },
  { name: 'web-2', path: '/proc/9/ns/net', inode: 3, container: 'web' },
];

describe('capture points', () => {
  const devices = (namespace: FoundNamespace): string[] =>
    namespace.name === 'host' ? ['lo', 'br0'] : ['eth0'];

  it.each([
    [['br0'], ['host:br0']],
    [
      ['host:br0', 'red:eth0', 'web:eth0'],
      ['host:br0', 'red:eth0', 'web-2:eth0'],
    ],
    [
      ['any', 'red:any'],
      ['host:any', 'red:any'],
    ],
    [['br0', 'br0'], ['host:br0']],
  ])('%j', (words, expected) => {
    const result = capturePoints(words, NAMESPACES, devices);
    expect(
      'points' in result && result.points.map(({ namespace, device }) => `${namespace.name}:${device}`),
    ).toEqual(expected);
  });

  it.each([
    ['eth9', '--capture eth9: host has no interface eth9', 'It has: any, lo, br0.'],
    ['db:eth0', '--capture db:eth0: no namespace or container is called db', 'There are: host, red, web-2.'],
  ])('%s is wrong', (word, wrong, hint) => {
    expect(capturePoints([word], NAMESPACES, devices)).toEqual({ wrong, hint });
  });

  it('are held against /proc/net/dev', () => {
    const text = 'Inter-|   Receive\n face |bytes\n    lo: 1 2\n br-lab:3 4\neth0.100: 0 0\n';
    expect(devicesOf(text)).toEqual(['lo', 'br-lab', 'eth0.100']);
  });
});

it.each([
  ['red', 'red'],
  ['a b/c', 'a_b_c'],
  ['.hidden', 'hidden'],
  ['--', 'unnamed'],
])('namespace %s has the folder %s', (name, folder) => expect(folderName(name)).toBe(folder));

it('reads the ids that lsns prints', () => {
  expect([...netnsidsOf('4026531840 unassigned\n4026532208          0\n4026532300 12\n')]).toEqual([
    [4026532208, 0],
    [4026532300, 12],
  ]);
});

it('gathers what is missing by its reason', () => {
  const reason = 'conntrack is not installed';
  const names = ['host', 'a', 'b', 'c', 'd', 'e'];
  const missing = names.map((namespace) => ({ namespace, what: 'tracked connections', reason }));
  expect(missingLines([...missing, { what: 'containers', reason: 'docker: no answer' }])).toEqual([
    'tracked connections (host, a, b, c and 2 more): conntrack is not installed',
    'containers: docker: no answer',
  ]);
});

it('leaves out environment, labels, mounts and commands of containers', () => {
  const inspected = {
    Name: '/web',
    Config: { Env: ['A=b'], Labels: { a: 'b' }, Cmd: ['x'], Hostname: 'web' },
    Mounts: [{}],
  };
  expect(JSON.parse(JSON.stringify(inspected, withoutSecrets))).toEqual({
    Name: '/web',
    Config: { Env: null, Labels: null, Cmd: null, Hostname: 'web' },
    Mounts: null,
  });
});

describe('the script', () => {
  const script = collectScript({
    capture: 'br0,web:eth0',
    seconds: 30,
    filter: "port 53 or host '192.0.2.1'; rm -rf /",
    snaplen: 0,
    maxBytes: 1e8,
    promiscuous: true,
    only: [],
    hostChoice: 'init',
  });
  const shells = [['sh'], ['dash'], ['bash', '--posix'], ['busybox', 'sh']].filter(
    ([shell = '']) => spawnSync('sh', ['-c', `command -v ${shell}`]).status === 0,
  );

  it.each(shells.map((shell) => [shell.join(' '), shell] as const))(
    'is read by %s',
    (_, [shell = '', ...options]) => {
      expect(spawnSync(shell, [...options, '-n'], { input: script, encoding: 'utf8' })).toMatchObject({
        status: 0,
        stderr: '',
      });
    },
  );

  it('has neither arrays nor local, and quotes what it was given', () => {
    expect(script).not.toMatch(/^\s*local |\[\[ |=\(|<<<|\bfunction /m);
    expect(script).toContain(`filter='port 53 or host '\\''192.0.2.1'\\''; rm -rf /'`);
  });

  it('runs every command of the plan', () => {
    for (const { ways } of NAMESPACE_PLAN)
      for (const { file } of ways) expect(script).toContain(`try ${file} `);
  });
});

describe('the archive', () => {
  it('appears whole, for its owner alone, and replaces nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nettrace-staging-'));
    const target = join(folder, 'b.tar.gz');
    const staging = new Staging(target);
    staging.write('namespaces/host/hosts', '127.0.0.1 localhost\n');
    expect(targetFault(target, false)).toBeUndefined();
    writeFileSync(target, 'came meanwhile');
    await expect(staging.finish(false)).rejects.toThrow(/EEXIST/);
    staging.remove();
    expect(targetFault(target, false)).toBe('it exists already');
    const again = new Staging(target);
    again.write('namespaces/host/hosts', '127.0.0.1 localhost\n');
    await again.finish(true);
    expect(readdirSync(folder)).toEqual(['b.tar.gz']);
    rmSync(folder, { recursive: true });
  });
});

describe('the command line', () => {
  it.each([
    [['--duration', 'long'], /A time up to a day, such as 30s or 5m/],
    [['--max-size', 'big'], /A size of 1k or more, such as 100M or 2G/],
    [['--capture', 'a,,b'], /Names with commas between them/],
    [['--packets', '0'], /A number of packets/],
    [['--from', 'x'], /--from goes with --redact/],
    [['--from', 'x', '--redact', '--capture', 'eth0'], /nothing can be captured any more/],
    [['-o', '/no/such/folder/b.tar.gz'], /there is no folder \/no\/such\/folder/],
    [['-o', 'package.json'], /exists already/],
  ])('%j is wrong', async (words, message) => {
    const { status, stderr } = await run(['collect', ...words]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});
