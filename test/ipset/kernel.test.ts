/**
 * Random ipset(8) commands on this machine's kernel and on the model: which of them are taken, what `ipset test` says, and what
 * `ipset save` prints at the end. As recorded where there is no root.
 *
 *     NETTRACE_SEED=4711 npx vitest run test/ipset/kernel.test.ts     other commands
 *     NETTRACE_RECORD=ipset npx vitest run test/ipset/kernel.test.ts  records recorded/commands.json.gz again
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printDump } from '../../src/dump/print.ts';
import { readEntry } from '../../src/ipset/entry.ts';
import { runSet, testEntry } from '../../src/ipset/running-set.ts';
import { isRefused, splitWords } from '../../src/ipset/words.ts';
import { applyCommand } from '../../src/snapshot/apply.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { randomCommands } from './commands.ts';

const RECORDED = new URL('./recorded/commands.json.gz', import.meta.url);
const NETNS = `nti${process.pid}`;
const COMMANDS = 400;

interface Session {
  readonly commands: readonly string[];
  /** By command: did it succeed? */
  readonly succeeded: readonly boolean[];
  readonly saved: string;
}

function isPossible(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('sh', ['-c', 'ip netns list && command -v ipset']);
    return true;
  } catch {
    return false;
  }
}

function onKernel(commands: readonly string[]): Session {
  const script = commands.map((command) => `ipset -q ${command} >/dev/null 2>&1; echo $?`);
  const input = ['ipset flush', 'ipset destroy', ...script, 'echo saved', 'ipset save'].join('\n');
  const out = execFileSync('ip', ['netns', 'exec', NETNS, 'sh', '-s'], { input, encoding: 'utf8' });
  const [statuses = '', saved = ''] = out.split('saved\n');
  return {
    commands,
    succeeded: statuses
      .trim()
      .split('\n')
      .map((status) => status === '0'),
    saved,
  };
}

/** Every command that the model sees otherwise, and every line of the sets at the end. */
function differences({ commands, succeeded, saved }: Session): string[] {
  const found: string[] = [];
  let snapshot: Snapshot = {
    namespaces: new Map([['host', { name: 'host', inferred: false, ipsets: [] }]]),
    docker: { containers: [], networks: [] },
  };
  for (const [index, command] of commands.entries()) {
    const taken = command.startsWith('test ')
      ? isIn(snapshot, command)
      : (() => {
          const { snapshot: next, issue } = applyCommand(snapshot, 'host', `ipset ${command}`);
          snapshot = next;
          return issue === undefined;
        })();
    if (taken !== succeeded[index])
      found.push(`${index} ${command}: kernel ${succeeded[index]}, model ${taken}`);
  }
  const lines = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/ bucketsize \d+ initval \S+/, '').replace(/( bitmask [^ /]+)\/\d+/, '$1'))
      .toSorted();
  const model = lines(
    printDump({ kind: 'ipsets', sets: snapshot.namespaces.get('host')?.ipsets ?? [] }) ?? '',
  );
  const kernel = lines(saved);
  found.push(...kernel.filter((line) => !model.includes(line)).map((line) => `kernel has ${line}`));
  found.push(...model.filter((line) => !kernel.includes(line)).map((line) => `model has ${line}`));
  return found;
}

function isIn(snapshot: Snapshot, command: string): boolean {
  const [, name, ...words] = splitWords(command) ?? [];
  const set = snapshot.namespaces.get('host')?.ipsets?.find((each) => each.name === name);
  if (!set) return false;
  const entry = readEntry(words, set.header, { path: command, line: 1 });
  if (isRefused(entry)) return false;
  const members = { test: () => 'out' as const, change: () => 'done' as const };
  const tested = testEntry(runSet(set, { now: 0, journal: undefined }, members, { left: 1e6 }), entry);
  return tested === (entry.nomatch ? 'nomatch' : 'in');
}

describe.skipIf(!isPossible())('ipset on this kernel (needs root and ipset)', () => {
  const recording = process.env.NETTRACE_RECORD === 'ipset';
  const sessions: Session[] = [];
  beforeAll(() => {
    execFileSync('ip', ['netns', 'add', NETNS]);
  });
  afterAll(() => {
    execFileSync('ip', ['netns', 'del', NETNS]);
    if (recording) writeFileSync(RECORDED, gzipSync(JSON.stringify(sessions), { level: 9 }));
  });
  const first = Number(process.env.NETTRACE_SEED ?? (recording ? 1 : Date.now() % 1_000_000_000));
  it.each(Array.from({ length: recording ? 6 : 2 }, (_, i) => first + i))(
    'seed %i',
    { timeout: 60_000 },
    (seed) => {
      const session = onKernel(randomCommands(seed, COMMANDS));
      sessions.push(session);
      expect(differences(session)).toEqual([]);
    },
  );
});

describe('ipset as recorded', () => {
  const sessions = JSON.parse(gunzipSync(readFileSync(RECORDED)).toString()) as Session[];
  it.each(sessions.map((session, index) => [index + 1, session] as const))('session %i', (_, session) => {
    expect(differences(session)).toEqual([]);
    expect(session.commands.length).toBeGreaterThan(300);
  });
});
