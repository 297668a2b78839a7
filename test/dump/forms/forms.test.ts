/** Every form of one state gives the same snapshot: recorded, and live where namespaces can be made. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { recogniseDump } from '../../../src/dump/recognise.ts';
import { buildSnapshot } from '../../../src/snapshot/build.ts';
import type { Netns } from '../../../src/snapshot/snapshot.ts';
import { FORMS, type Form, PARTS, type PartName } from './forms.ts';

const FOLDER = 'test/dump/forms/recorded';
const fileOf = ({ command }: Form) => `${FOLDER}/${command.replace(/[^A-Za-z0-9.-]+/g, '_')}.txt`;
const recorded = existsSync(FOLDER) ? (each: Form) => readFileSync(fileOf(each), 'utf8') : undefined;

function stateOf(each: Form, text: string): Netns {
  const dump = recogniseDump(each.command, text, each.command);
  if (!dump) throw new Error(`${each.command} is not recognised:\n${text.slice(0, 400)}`);
  const { snapshot } = buildSnapshot({
    captures: [],
    dumps: [{ dump, namespace: 'host', by: 'assumed' }],
    issues: [],
  });
  return snapshot.namespaces.get('host') ?? { name: 'host', inferred: true };
}

/** Parts that only one form shows would prove nothing. */
function referenceOf(part: PartName): Form {
  const [first, second] = FORMS.filter(({ shows }) => shows.includes(part));
  if (!first || !second) throw new Error(`${part} is shown by one form only`);
  return first;
}

function holds(outputOf: (each: Form) => string): void {
  for (const each of FORMS) {
    it(each.command, () => {
      const text = outputOf(each);
      const dump = recogniseDump('any', text, each.command);
      expect(dump?.format).toBe(each.format);
      const issues = (dump?.issues ?? []).filter(({ code }) => code !== 'dump-lossy');
      expect(issues.map(({ line, text: told }) => `${line}: ${told}`)).toEqual([]);
      expect(
        (dump?.issues ?? []).some(({ code }) => code === 'dump-lossy') &&
          !each.lossy &&
          each.format !== 'route-n',
      ).toBe(false);
      for (const part of each.shows) {
        const reference = referenceOf(part);
        const wanted = PARTS[part](stateOf(reference, outputOf(reference)));
        expect(wanted, part).not.toEqual([]);
        expect(PARTS[part](stateOf(each, text)), part).toEqual(wanted);
      }
    });
  }
}

describe.runIf(recorded)('recorded forms', () => {
  if (recorded) holds(recorded);
});

const names = [`ntf${process.pid}a`, `ntf${process.pid}b`] as const;
const tools = [
  'ip',
  'bridge',
  'brctl',
  'iptables',
  'nft',
  'ipset',
  'conntrack',
  'busybox',
  'lsof',
  'ifconfig',
  'python3',
  'tc',
];
const able =
  process.getuid?.() === 0 &&
  tools.every((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0) &&
  spawnSync('ip', ['netns', 'list']).status === 0;

/** What tells that packets went out: router solicitations, reports of groups. */
const COUNTED = 'cat /proc/net/dev';
const MOST_TIMES = 10;

describe.runIf(able)('live forms (needs root, network namespaces and the commands)', () => {
  const process_ = able
    ? execFileSync('sh', ['test/dump/forms/state.sh', ...names], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim()
    : '';
  afterAll(() => {
    spawnSync('kill', [process_.split('\n').at(-1) ?? '']);
    for (const name of names) spawnSync('ip', ['netns', 'del', name]);
  });
  const outputs = new Map<string, string>();
  const outputOf = (command: string): string =>
    spawnSync('ip', ['netns', 'exec', names[0], 'sh', '-c', command], { encoding: 'utf8' }).stdout;
  if (able) {
    // All of one state: taken at once, before any is read, and again where the kernel sent packets of its own meanwhile.
    for (let left = MOST_TIMES; left > 0; left--) {
      const before = outputOf(COUNTED);
      for (const { command } of FORMS) outputs.set(command, outputOf(command));
      if (outputOf(COUNTED) === before) break;
    }
    if (process.env.NETTRACE_RECORD) {
      mkdirSync(FOLDER, { recursive: true });
      for (const each of FORMS) writeFileSync(fileOf(each), outputs.get(each.command) ?? '');
    }
  }
  holds(({ command }) => outputs.get(command) ?? '');
});
