import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { run } from './harness.ts';
import { type Lab, makeLab } from './lab.ts';

const SHOP = 'captures/healthy-docker-shop/bundle';

let lab: Lab;
beforeAll(() => {
  lab = makeLab();
});
afterAll(() => rmSync(lab.folder, { recursive: true }));

async function flowsOf(words: readonly string[]): Promise<Analysis> {
  return JSON.parse((await run(['analyze', SHOP, '--format', 'json', '-q', ...words])).stdout) as Analysis;
}

describe('filters of analyze', () => {
  it('are met by all flows that are told, and say how many are not', async () => {
    const { filter, flows } = await flowsOf(['--proto', 'icmp']);
    expect(filter).toEqual({ expression: 'icmp', matched: flows.length, flows: expect.any(Number) });
    expect(new Set(flows.map(({ protocol }) => protocol))).toEqual(new Set(['icmp']));
    const { stdout } = await run(['analyze', SHOP, '--proto', 'icmp']);
    expect(stdout).toMatch(/^filter: 1 of 11 flows \(icmp\)\n/);
  });

  it('ask for all of different options, and for any of one', async () => {
    const { filter } = await flowsOf([
      '--proto',
      'tcp',
      '--port',
      '80,443',
      '--port',
      'ssh',
      '--host',
      '!10.0.0.9',
    ]);
    expect(filter?.expression).toBe('not host 10.0.0.9 and (port 80 or port 443 or port 22) and tcp');
  });

  it('are told from a time, and add up to all of it', async () => {
    const before = await flowsOf(['--time', '..+5s']);
    const since = await flowsOf(['--filter', 'not time ..+5s']);
    const begin = Math.min(...before.flows.map(({ start }) => start));
    expect(before.flows.every(({ start }) => start <= begin + 5)).toBe(true);
    expect(since.flows.every(({ start }) => start > begin + 5)).toBe(true);
    expect((before.filter?.matched ?? 0) + (since.filter?.matched ?? 0)).toBe(before.filter?.flows);
    const date = new Date(begin * 1000).toISOString();
    const clock = await flowsOf(['--time', `..${date.slice(11, 19)}.999`]);
    expect(clock.filter?.matched).toBeGreaterThan(0);
    expect(clock.filter?.matched).toBeLessThan(before.filter?.flows ?? 0);
  });

  it('find a container by its name, and its address by the same', async () => {
    const named = await flowsOf(['--host', 'job']);
    const addressed = await flowsOf(['--host', '10.211.1.4']);
    expect(named.filter?.matched).toBeGreaterThan(0);
    expect(named.filter?.matched).toBe(addressed.filter?.matched);
  });

  it('that nothing meets are no trouble', async () => {
    const { status, stdout } = await run(['analyze', SHOP, '--host', '192.0.2.250']);
    expect(status).toBe(0);
    expect(stdout).toContain('No flow is what the filter asks for');
  });
});

const FAULTS: readonly (readonly [words: readonly string[], said: string])[] = [
  [
    ['--flow', 'tcp 10.0.0.2 > 10.0.0.300:53'],
    "nettrace: error: --flow: 10.0.0.300 is no address\n  tcp 10.0.0.2 > 10.0.0.300:53\n                 ^^^^^^^^^^^^^\nSuch as --flow 'tcp 10.0.0.2:40000 > 8.8.8.8:53'\n",
  ],
  [
    ['--port', '53,htpp'],
    'nettrace: error: --port: htpp is no port, nor a service of /etc/services\n  53,htpp\n     ^^^^\nSuch as --port 53, --port 8000-8100, --port https\n',
  ],
  [
    ['--time', '! 10:00'],
    'nettrace: error: --time: 10:00 is no FROM..TO\n  ! 10:00\n    ^^^^^\nSuch as --time 10:00:05..10:00:10, --time +10s..+20s\n',
  ],
  [
    ['--filter', 'host \u001b[31m and tcp'],
    "nettrace: error: --filter: \\x1b[31m is neither an address nor a name\n  host \\x1b[31m and tcp\n       ^^^^^^^^\nSuch as --filter 'tcp and port 443 and not host 10.0.0.9'\n",
  ],
];

describe('a filter that is none', () => {
  it.each(FAULTS)('%j', async (words, said) => {
    const { status, stderr, stdout } = await run(['analyze', lab.bundle, ...words]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe(said);
  });

  it('names those who might have been meant', async () => {
    const { status, stderr } = await run(['analyze', SHOP, '--host', 'aip']);
    expect(status).toBe(2);
    expect(stderr).toContain('is called aip');
    expect(stderr).toMatch(/Did you mean api\? Known: .*front/);
  });
});

describe('filters of replay', () => {
  it('feed the packets of the flows that are asked for, in the order of all', async () => {
    const lines = async (words: readonly string[]) =>
      (await run(['replay', SHOP, '-q', ...words])).stdout.split('\n');
    const all = await lines([]);
    const own = await lines(['--flow', 'tcp 198.51.100.90 > 203.0.113.90:8080']);
    const rest = await lines(['--filter', 'not (tcp and flow 198.51.100.90 > 203.0.113.90:8080)']);
    expect(own.length).toBeGreaterThan(6);
    const place = (line: string) => JSON.stringify((JSON.parse(line || '{}') as { packet?: object }).packet);
    expect(
      [...own, ...rest]
        .filter((line) => line !== '')
        .map(place)
        .toSorted(),
    ).toEqual(
      all
        .filter((line) => line !== '')
        .map(place)
        .toSorted(),
    );
    for (const line of own.slice(0, 4)) expect(line).toMatch(/198\.51\.100\.90/);
  });
});
