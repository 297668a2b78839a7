/** `nettrace diff`: two states, and which packets they treat differently. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiffReport } from '../../src/difference/report.ts';
import { expectValid } from '../support/schemas.ts';
import { run } from './harness.ts';
import { type Lab, makeLab } from './lab.ts';

let folder: string;
let lab: Lab;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-diff-'));
  lab = makeLab();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(lab.folder, { recursive: true });
});

function rules(name: string, filter: readonly string[], nat: readonly string[] = []): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    [
      '*nat',
      ':PREROUTING ACCEPT [0:0]',
      ':INPUT ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ':POSTROUTING ACCEPT [0:0]',
      ...nat,
      'COMMIT',
      '*filter',
      ':INPUT ACCEPT [0:0]',
      ':FORWARD DROP [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ...filter,
      'COMMIT',
      '',
    ].join('\n'),
  );
  return path;
}

async function diff(...words: string[]): Promise<{ status: number; report: DiffReport }> {
  const { status, stdout, stderr } = await run(['diff', ...words, '--format', 'json']);
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as DiffReport;
  expectValid('diff', report);
  return { status, report };
}

const WEB = '-A FORWARD -i wan0 -p tcp -m tcp --dport 8080 -j ACCEPT';
const REST = ['-A FORWARD -i lan0 -j ACCEPT', '-A FORWARD -p udp -m udp --dport 53 -j ACCEPT'];

describe('diff', () => {
  it('says which packets, by whom they are decided on, and which packet shows it', async () => {
    const { status, report } = await diff(rules('before', [WEB, ...REST]), rules('after', REST));
    expect(status).toBe(1);
    expect(report.equal).toBe(false);
    expect(report.classes).toHaveLength(1);
    const [only] = report.classes;
    expect(only?.packets.map(({ text }) => text)).toEqual(['tcp, to port 8080, in by wan0']);
    expect(only?.before).toMatchObject({
      verdict: 'accepted',
      by: { chain: 'FORWARD', number: 1, text: WEB, line: 11 },
    });
    expect(only?.after).toMatchObject({ verdict: 'dropped', by: { chain: 'FORWARD', text: 'policy DROP' } });
    expect(only?.sample).toMatchObject({ protocol: 'tcp', destinationPort: 8080, in: 'wan0' });
    expect(only?.confirmed).toBe(true);
  });

  it('proves rules equal that are written otherwise', async () => {
    const two = [
      '-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT',
      '-A FORWARD -p tcp -m tcp --dport 81 -j ACCEPT',
    ];
    const one = [
      '-A FORWARD -p tcp -m tcp --dport 80:81 -j ACCEPT',
      '-A FORWARD -s 10.0.0.0/8 -p tcp -m tcp --dport 80 -j ACCEPT',
    ];
    const { status, report } = await diff(rules('two', two), rules('one', one));
    expect(status).toBe(0);
    expect(report).toMatchObject({ equal: true, classes: [], undecided: [], notCompared: [] });
    const { stdout } = await run(['diff', join(folder, 'two'), join(folder, 'one')]);
    expect(stdout).toContain('No packet is treated differently.');
  });

  it('tells another destination, and what comes of it behind', async () => {
    const web = '-A FORWARD -d 10.0.0.5/32 -p tcp -m tcp --dport 80 -j ACCEPT';
    const dnat = (port: number) =>
      `-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.5:${port}`;
    const { report } = await diff(rules('to-80', [web], [dnat(80)]), rules('to-81', [web], [dnat(81)]));
    const forwarded = report.classes.filter(({ way }) => way === 'forwarded');
    expect(forwarded.map(({ before, after }) => [before.verdict, after.verdict])).toEqual([
      ['accepted', 'dropped'],
    ]);
    const received = report.classes.find(({ way }) => way === 'received');
    expect(received?.before.changes).toMatchObject([{ what: 'destination', value: '10.0.0.5 port 80' }]);
    expect(received?.after.changes).toMatchObject([{ what: 'destination', value: '10.0.0.5 port 81' }]);
    expect(report.classes.every(({ confirmed }) => confirmed)).toBe(true);
  });

  it('takes what no header decides to hold as well as not to hold', async () => {
    const limited = '-A FORWARD -p icmp -m limit --limit 5/sec -j ACCEPT';
    const { report } = await diff(rules('limited', [limited]), rules('none', []));
    expect(report.both).toEqual(['-m limit --limit 5/sec']);
    expect(report.classes[0]?.packets[0]?.conditions).toContainEqual({
      field: 'condition',
      not: false,
      values: ['-m limit --limit 5/sec'],
      more: false,
    });
    const { report: same } = await diff(
      join(folder, 'limited'),
      rules('again', [limited, '-A FORWARD -p icmp -m limit --limit 5/sec -j DROP']),
    );
    expect(same.equal).toBe(true);
  });

  it('compares a state with itself after commands', async () => {
    const path = rules('state', REST);
    const { status, report } = await diff(
      path,
      '--what-if',
      'iptables -I FORWARD -i lan0 -p tcp --dport 25 -j DROP',
    );
    expect(status).toBe(1);
    expect(report.classes.map(({ packets }) => packets[0]?.text)).toEqual(['tcp, to port 25, in by lan0']);
    expect((await diff(path, '--what-if', 'iptables -A FORWARD -j DROP')).report.equal).toBe(true);
  });

  it('says of captured flows how they would end', async () => {
    const { report } = await diff(lab.bundle, '--what-if', 'sysctl -w net.ipv4.ip_forward=1');
    expect(report.notCompared).toEqual(['host: kernel settings differ']);
    expect(report.flows?.changed.length).toBeGreaterThan(0);
  });

  it('reads well at 80 columns', async () => {
    const { stdout } = await run(['diff', rules('before', [WEB, ...REST]), rules('after', REST)]);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).toContain('1  forwarded: tcp, to port 8080, in by wan0');
    expect(stdout).toContain("   now     dropped by FORWARD's policy");
    expect(stdout).toContain('confirmed by the kernel model');
  });

  it('has IPv6', async () => {
    const before = join(folder, 'six');
    const text = (rule: string): string =>
      `# Generated by ip6tables-save v1.8.9 (nf_tables)\n*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n${rule}COMMIT\n`;
    writeFileSync(before, text('-A INPUT -s 2001:db8::/32 -p tcp -m tcp --dport 22 -j ACCEPT\n'));
    writeFileSync(join(folder, 'six-after'), text(''));
    const { report } = await diff(before, join(folder, 'six-after'));
    expect(report.classes.map(({ family, packets }) => [family, packets[0]?.text])).toEqual([
      [6, 'tcp, from 2001:db8::/32, to port 22'],
    ]);
    expect(report.classes[0]?.confirmed).toBe(true);
  });

  it('needs two states', async () => {
    const { status, stderr } = await run(['diff', rules('alone', REST)]);
    expect(status).toBe(2);
    expect(stderr).toContain('two states are needed');
  });
});
