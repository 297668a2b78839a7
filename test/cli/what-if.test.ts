import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import type { TraceReport } from '../../src/report/trace-report.ts';
import { run } from './harness.ts';

const FORWARD_OFF = 'captures/forward-off-bridge/bundle';
const NO_MASQUERADE = 'captures/forward-off-and-no-masquerade/bundle';
const HEALTHY = 'captures/docker-publish-healthy/bundle';

async function whatIf(bundle: string, ...commands: string[]): Promise<NonNullable<Analysis['whatIf']>> {
  const words = commands.flatMap((command) => ['--what-if', command]);
  const { stdout } = await run(['analyze', bundle, ...words, '--format', 'json', '-q']);
  const { whatIf: told } = JSON.parse(stdout) as Analysis;
  if (!told) throw new Error('no whatIf');
  return told;
}

describe('analyze --what-if', () => {
  it('tells the flows that would end otherwise, and which not', async () => {
    const told = await whatIf(FORWARD_OFF, 'sysctl -w net.ipv4.ip_forward=1');
    expect(told.commands).toEqual(['sysctl -w net.ipv4.ip_forward=1']);
    expect(
      told.changed.map(({ before, after }) => [before.cause, before.passes, after.passes]),
    ).toContainEqual(['fwd-ip-forward-off', false, true]);
  });

  it('takes several commands in their order', async () => {
    const one = await whatIf(NO_MASQUERADE, 'sysctl -w net.ipv4.ip_forward=1');
    expect(one.changed.map(({ after }) => after.cause)).toContain('nat-masquerade-missing');
    const both = await whatIf(
      NO_MASQUERADE,
      'sysctl -w net.ipv4.ip_forward=1',
      'iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE',
    );
    expect(
      both.changed
        .filter(({ before }) => before.cause === 'fwd-ip-forward-off')
        .every(({ after }) => after.passes),
    ).toBe(true);
  });

  it('shows what a command would break', async () => {
    const told = await whatIf(HEALTHY, 'iptables -I FORWARD -j DROP');
    expect(told.changed.some(({ before, after }) => before.passes && !after.passes)).toBe(true);
    const { stdout } = await run(['analyze', HEALTHY, '--what-if', 'iptables -I FORWARD -j DROP']);
    expect(stdout).toContain('\nWith this done:\n  iptables -I FORWARD -j DROP\n');
    expect(stdout).toMatch(/^ {4}now {3}\S/m);
    expect(stdout).toMatch(/^ {4}then {2}\S/m);
    const [section = ''] = stdout.split('━━');
    expect(section.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  it('says when nothing would change', async () => {
    const { stdout } = await run(['analyze', HEALTHY, '--what-if', 'sysctl -w net.ipv4.ip_forward=1']);
    expect(stdout).toContain('No flow would end otherwise.');
  });

  it.each([
    ['iptables -A FORWARD --dport 80 -j ACCEPT', '--dport'],
    ['ip route add 10.0.0.0/8 via 203.0.113.254 dev nope', 'nope'],
    ['nft add rule inet nope c accept', 'no'],
    ['reboot', 'not modelled'],
    ['ip netns exec nowhere sysctl -w net.ipv4.ip_forward=1', 'nowhere'],
  ])('%s is refused, and why', async (command, why) => {
    const { status, stdout, stderr } = await run(['analyze', HEALTHY, '--what-if', command]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('--what-if: ');
    expect(stderr).toContain(why);
  });
});

describe('trace --what-if', () => {
  const words = ['trace', NO_MASQUERADE, '--from', 'van', '--to', '8.8.4.4'];

  it('traces the host as it would be, and tells what is without it', async () => {
    const { status, stdout } = await run([...words, '--what-if', 'sysctl -w net.ipv4.ip_forward=1']);
    expect(status).toBe(1);
    expect(stdout).toContain('The packet leaves host by eth1');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('no answer can come (nat-masquerade-missing)');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'That is with this done; without it the packet is dropped in host (fwd-ip-forward-off).',
    );
  });

  it('has both in its JSON', async () => {
    const { stdout } = await run([
      ...words,
      '--what-if',
      'sysctl -w net.ipv4.ip_forward=1',
      '--format',
      'json',
    ]);
    const report = JSON.parse(stdout) as TraceReport;
    expect([report.there.verdict, report.whatIf?.there.verdict]).toEqual(['forwarded', 'dropped']);
  });

  it('refuses what can not be', async () => {
    const { status, stderr } = await run([...words, '--what-if', 'ip link set nope up']);
    expect(status).toBe(2);
    expect(stderr).toContain('nope');
  });
});
