import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Change } from '../../src/diagnose/change/change.ts';
import { analyzeFiles } from '../support/expectation.ts';

const scratch = mkdtempSync(join(tmpdir(), 'nettrace-change-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A recorded incident's bundle with some of its files left out, or called otherwise. */
function bundle(name: string, left: RegExp = /(?!)/, called?: readonly [from: RegExp, to: string]): string {
  const copy = join(scratch, `${readdirSync(scratch).length}`);
  cpSync(join('captures', name, 'bundle'), copy, { recursive: true, filter: (file) => !left.test(file) });
  const host = join(copy, 'namespaces', 'host');
  if (called)
    for (const file of readdirSync(host)) renameSync(join(host, file), join(host, file.replace(...called)));
  return copy;
}

async function only(path: string): Promise<Change> {
  const { changes = [] } = await analyzeFiles(path);
  expect(changes.map(({ title }) => title)).toHaveLength(1);
  return changes[0] as Change;
}

const deciding = ({ changed }: Change) => changed.filter(({ decides }) => decides).map(({ text }) => text);

describe('recorded moments', () => {
  it.each([
    [
      'forwarding-switched-on-meanwhile',
      'icmp 10.64.8.21 → 192.0.2.88',
      'silent answered',
      ['net.ipv4.ip_forward 0 → 1'],
      /with that changed, and nothing else, it passes/,
    ],
    [
      'rule-removed-between-two-saves',
      'tcp 10.91.4.30 → 10.92.4.7:5432',
      'silent answered',
      ['filter FORWARD: rule removed: -A FORWARD -d 10.92.4.7/32 -p tcp -m tcp --dport 5432 -j DROP'],
      /end between host:office0 and host:data0; what changed is in the host/,
    ],
    [
      'policy-turns-while-pinging',
      'icmp 10.55.6.77 → 192.0.2.14',
      'answered silent',
      [],
      /The dumps explain the time since then; none is of the time before/,
    ],
    [
      'remote-begins-to-answer',
      'icmp 10.23.9.4 → 192.0.2.171',
      'silent answered',
      [],
      /same addresses, next hop and TTL. What began to answer lies beyond it/,
    ],
    ['translated-from-then-on', 'tcp 10.140.2.15 → 192.0.2.64:7000', 'silent answered', [], /(?:)/],
  ])('%s', async (name, traffic, turn, decides, text) => {
    const change = await only(join('captures', name, 'bundle'));
    expect(change.traffic).toEqual([traffic]);
    expect(`${change.was} ${change.became}`).toBe(turn);
    expect(change.since).toBeLessThan(change.time);
    expect(change.before.packet).toBeLessThan(change.after.packet ?? 0);
    expect(deciding(change)).toEqual(decides);
    expect(change.proven).toBe(decides.length > 0);
    expect(change.text).toMatch(text);
    expect(change.findings).toEqual([0]);
  });

  it('shows by the packets that they are translated since then', async () => {
    const { changed } = await only('captures/translated-from-then-on/bundle');
    expect(changed.map(({ text }) => text)).toEqual([
      'NAT: on host:eth0 the requests have the source 203.0.113.90, before it was 10.140.2.15',
    ]);
  });

  it('cites only what is there', async () => {
    for (const name of ['forwarding-switched-on-meanwhile', 'rule-removed-between-two-saves']) {
      const { changes = [], inputs } = await analyzeFiles(join('captures', name, 'bundle'));
      for (const { path, line, packet } of changes.flatMap(({ before, after, changed }) => [
        before,
        after,
        ...changed.flatMap(({ evidence }) => evidence),
      ])) {
        const input = inputs.find((each) => each.path === path);
        expect(input, path).toBeDefined();
        if (packet !== undefined) expect(packet).toBeLessThanOrEqual(input?.packets ?? 0);
        if (line !== undefined)
          expect(line).toBeLessThanOrEqual(readFileSync(path, 'utf8').split('\n').length);
      }
    }
  });
});

describe('states in time', () => {
  const name = 'forwarding-switched-on-meanwhile';

  it.each([
    ['words in the names', undefined],
    ['times in the names', [/^sysctl-(before|after)/, 'sysctl-20261128T0$1'] as const],
  ])('are told apart by %s', async (_, called) => {
    const renamed = called && ([called[0], called[1]] as const);
    const path = bundle(name, undefined, renamed);
    if (called) {
      const host = join(path, 'namespaces', 'host');
      renameSync(join(host, 'sysctl-20261128T0before.txt'), join(host, 'sysctl-20200101T000000Z.txt'));
      renameSync(join(host, 'sysctl-20261128T0after.txt'), join(host, 'sysctl-20991231T000000Z.txt'));
    }
    expect(deciding(await only(path))).toEqual(['net.ipv4.ip_forward 0 → 1']);
  });

  it('with the later dump alone the setting is no suspect, and the moment is named all the same', async () => {
    const path = bundle(name, /sysctl-before/);
    const { findings, changes = [], flows } = await analyzeFiles(path);
    expect(findings.filter(({ sysctl, confidence }) => sysctl !== undefined && confidence >= 0.6)).toEqual(
      [],
    );
    expect(changes.map(({ proven, text }) => `${proven} ${text}`)).toEqual([
      expect.stringMatching(
        /^false Until then the requests end between host:plant0 and host:eth0, if the capture on host:eth0 was running then; what changed is in the host\./,
      ),
    ]);
    expect(flows[0]?.status).toBe('degraded');
  });

  it('with the earlier dump alone, whose time nobody knows, it is a suspicion that the later packets speak against', async () => {
    const { findings } = await analyzeFiles(bundle(name, /sysctl-after|manifest/));
    const [finding] = findings;
    expect(finding?.cause).toBe('fwd-ip-forward-off');
    expect(finding?.confidence).toBeLessThan(0.6);
    expect(finding?.evidence.some(({ text }) => text.startsWith('against it: the same traffic works'))).toBe(
      true,
    );
  });

  it('a flow that worked in the end says so in its finding', async () => {
    const { findings } = await analyzeFiles('captures/rule-removed-between-two-saves/bundle');
    expect(findings[0]?.title).toMatch(/, until \d\d:\d\d:\d\d\.\d{3}$/);
    expect(findings[0]?.fix?.effect).toMatch(/By the later dumps that has been done\.$/);
  });
});

describe('no moments', () => {
  it.each([
    ['a lost packet, a SYN sent twice, a capture that begins late', 'healthy-with-hiccups'],
    ['it never works', 'masquerade-added-while-pinging'],
    ['segments that are too large', 'path-mtu-black-hole'],
    ['a capture that begins in the middle', 'healthy-joined-mid-flow'],
  ])('%s', async (_, name) => {
    expect((await analyzeFiles(join('captures', name, 'bundle'))).changes).toBeUndefined();
  });
});
