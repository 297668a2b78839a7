import { describe, expect, it } from 'vitest';
import { recogniseDump } from '../../src/dump/recognise.ts';
import { stageOf, timeFromFileName } from '../../src/input/dump-time.ts';
import type { DumpInput } from '../../src/input/input.ts';
import { buildSnapshot, buildState } from '../../src/snapshot/build.ts';
import { stateDifferences } from '../../src/snapshot/differences.ts';
import { dumpedStates } from '../../src/snapshot/states.ts';

function dump(path: string, text: string, more: Partial<DumpInput> = {}): DumpInput {
  const found = recogniseDump(path, text, path);
  if (!found) throw new Error(`${path} was not recognised`);
  return { dump: found, namespace: 'host', by: 'assumed', ...more };
}

const at = (time: number) => ({ time, timeBy: 'dump' as const });
const rules = (...lines: string[]) =>
  [
    '*filter',
    ':INPUT ACCEPT [0:0]',
    ':FORWARD DROP [3:252]',
    ':OUTPUT ACCEPT [0:0]',
    ...lines,
    'COMMIT',
    '',
  ].join('\n');
const OPEN = '-A FORWARD -i br0 -j ACCEPT';
const SHUT = '-A FORWARD -s 10.0.0.7/32 -j DROP';

describe('stageOf', () => {
  it.each([
    ['sysctl-before.txt', { order: 0 }],
    ['after/sysctl.txt', { order: 2 }],
    ['before/sysctl-after.txt', { order: 2 }],
    ['rules.2.txt', { order: 2, stem: 'rules.#.txt' }],
    ['iptables-save-10', { order: 10, stem: 'iptables-save-#' }],
    ['iptables-save.txt', undefined],
    ['ip6tables-save.txt', undefined],
    ['rules.v4', { order: 4, stem: 'rules.v#' }],
    ['goldfixture.txt', undefined],
  ])('%s', (path, stage) => expect(stageOf(path)).toEqual(stage));
});

describe('timeFromFileName', () => {
  it.each([
    ['rules-2026-11-28T02:30:12Z.txt', Date.UTC(2026, 10, 28, 2, 30, 12) / 1000],
    ['rules-2026-11-28T02:30:12+01:00.txt', Date.UTC(2026, 10, 28, 1, 30, 12) / 1000],
    ['sysctl.20261128-023012', Date.UTC(2026, 10, 28, 2, 30, 12) / 1000],
    ['ss_2026-11-28_02.30.12.txt', Date.UTC(2026, 10, 28, 2, 30, 12) / 1000],
    ['routes-1795833012.txt', 1795833012],
    ['rules.v4', undefined],
    ['node-12345678901234.txt', undefined],
    ['2026-13-45T99:99:99.txt', undefined],
  ])('%s', (path, time) => expect(timeFromFileName(path)).toBe(time));
});

describe('dumpedStates', () => {
  it('is one state where nothing was dumped twice', () => {
    const inputs = [
      dump('a/iptables-save.txt', rules(OPEN)),
      dump('a/sysctl.txt', 'net.ipv4.ip_forward = 1\n'),
    ];
    expect(dumpedStates(inputs).map(({ dumps }) => dumps.length)).toEqual([2]);
  });

  it.each([
    ['by their times, in whatever order they were named', at(200), at(100), ['b', 'a'], 'time'],
    ['by words in their names', { stage: { order: 2 } }, { stage: { order: 0 } }, ['b', 'a'], 'name'],
    [
      'a word counts for more than the time of the whole bundle',
      { stage: { order: 2 }, time: 5, timeBy: 'bundle' as const },
      { stage: { order: 0 }, time: 5, timeBy: 'bundle' as const },
      ['b', 'a'],
      'name',
    ],
    [
      'by the times of two bundles',
      { time: 9, timeBy: 'bundle' as const },
      { time: 5, timeBy: 'bundle' as const },
      ['b', 'a'],
      'time',
    ],
    ['at last by when the files were written', { modified: 900 }, { modified: 500 }, ['b', 'a'], 'modified'],
  ] as const)('%s', (_, left, right, order, by) => {
    const states = dumpedStates([dump('a', rules(OPEN), left), dump('b', rules(SHUT, OPEN), right)]);
    expect(states.map(({ own }) => own[0]?.dump.path)).toEqual(order);
    expect(states.map(({ orderBy }) => orderBy)).toEqual([by, by]);
  });

  it.each([
    ['the same time', rules(OPEN), rules(SHUT), at(100), at(100)],
    ['files written together', rules(OPEN), rules(SHUT), { modified: 500 }, { modified: 500.7 }],
    ['different tables', rules(OPEN), '*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n', at(100), at(101)],
    [
      'numbers of differently named files',
      rules(OPEN),
      rules(SHUT),
      { stage: { order: 1, stem: 'a#' } },
      { stage: { order: 2, stem: 'b#' } },
    ],
  ])('is one state: %s', (_, one, other, left, right) => {
    expect(dumpedStates([dump('a', one, left), dump('b', other, right)])).toHaveLength(1);
  });

  it('puts dumps of several kinds into rounds, and keeps the last one of a kind that was dumped less often', () => {
    const states = dumpedStates([
      dump('r1', rules(OPEN), at(100)),
      dump('s1', 'net.ipv4.ip_forward = 0\n', at(102)),
      dump('r2', rules(SHUT), at(200)),
      dump('s2', 'net.ipv4.ip_forward = 1\n', at(203)),
      dump('r3', rules(), at(300)),
    ]);
    expect(states.map(({ own }) => own.map(({ dump: { path } }) => path).join(' '))).toEqual([
      'r1 s1',
      'r2 s2',
      'r3 s2',
    ]);
    expect(states[1]?.taken).toEqual({ first: 200, last: 203 });
  });

  it('takes a setting that an earlier dump lacks from the later one, without calling it a contradiction', () => {
    const dumps = [
      dump('before', 'net.ipv4.ip_forward = 0\n', at(100)),
      dump('after', 'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 2\n', at(200)),
    ];
    const inputs = { captures: [], dumps, issues: [] };
    const [first] = dumpedStates(dumps);
    const { snapshot, issues } = buildState(inputs, first?.dumps ?? []);
    const sysctls = snapshot.namespaces.get('host')?.sysctls;
    expect([...(sysctls ?? [])].map(([name, { value }]) => `${name} ${value}`).toSorted()).toEqual([
      'net.ipv4.conf.all.rp_filter 2',
      'net.ipv4.ip_forward 0',
    ]);
    expect(issues).toEqual([]);
    expect(
      buildSnapshot(inputs).snapshot.namespaces.get('host')?.sysctls?.get('net.ipv4.ip_forward')?.value,
    ).toBe('1');
  });
});

describe('stateDifferences', () => {
  const between = (one: string, other: string) => {
    const dumps = [dump('one', one, at(100)), dump('other', other, at(200))];
    const [before, after] = dumpedStates(dumps).map(
      (state) => buildState({ captures: [], dumps, issues: [] }, state.dumps).snapshot,
    );
    if (!before || !after) throw new Error('not two states');
    return { before, after, found: stateDifferences(before, after) };
  };

  it.each([
    ['a rule removed', rules(SHUT, OPEN), rules(OPEN), [`filter FORWARD: rule removed: ${SHUT}`]],
    ['a rule added', rules(OPEN), rules(SHUT, OPEN), [`filter FORWARD: rule added: ${SHUT}`]],
    [
      'another order',
      rules(OPEN, SHUT),
      rules(SHUT, OPEN),
      ['filter FORWARD: its rules stand in another order'],
    ],
    [
      'a policy',
      rules(OPEN),
      rules(OPEN).replace('DROP [', 'ACCEPT ['),
      ['policy of filter FORWARD DROP → ACCEPT'],
    ],
    ['counters alone', rules(OPEN), rules(OPEN).replace('[3:252]', '[9:756]'), []],
    [
      'a route',
      'default via 10.0.0.1 dev eth0\n10.0.0.0/24 dev eth0\n',
      '10.0.0.0/24 dev eth0\n',
      ['route removed: default via 10.0.0.1 dev eth0'],
    ],
    [
      'forwarding and what follows from it',
      'net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.forwarding = 0\nnet.ipv4.conf.eth0.forwarding = 0\n',
      'net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.forwarding = 1\nnet.ipv4.conf.eth0.forwarding = 1\n',
      ['net.ipv4.ip_forward 0 → 1'],
    ],
  ])('%s', (_, one, other, texts) => {
    const { before, after, found } = between(one, other);
    expect(found.map(({ text }) => text)).toEqual(texts);
    // All of them together make the one state of the other.
    const host = before.namespaces.get('host');
    const changed = host && found.reduce((netns, difference) => difference.apply(netns), host);
    if (!changed) throw new Error('no host');
    const again = { ...before, namespaces: new Map([['host', changed]]) };
    expect(stateDifferences(again, after)).toEqual([]);
  });
});
