/** Sessions and set-up scripts played: the state that they build, and what the packet of a trace meets at each step. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TraceReport } from '../../src/report/trace-report.ts';
import { run } from '../cli/harness.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-played-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, ...lines: string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

async function trace(path: string, ...words: string[]): Promise<TraceReport> {
  const { stdout } = await run(['trace', path, ...words, '--format', 'json', '-q']);
  return JSON.parse(stdout) as TraceReport;
}

const SETUP = [
  '#!/bin/bash',
  'BR=br-kitchen',
  'ip link add $BR type bridge',
  'ip addr add 10.71.0.1/24 dev $BR',
  'ip link set $BR up',
  'for ns in stove oven; do',
  '  ip netns add $ns',
  '  ip link add to-$ns type veth peer name eth0',
  '  ip link set eth0 netns $ns',
  '  ip link set to-$ns master $BR',
  '  ip link set to-$ns up',
  '  ip -n $ns link set eth0 up',
  'done',
  'ip -n stove addr add 10.71.0.11/24 dev eth0',
  'ip netns exec oven ip addr add 10.71.0.12/24 dev eth0',
];
const OUT = [
  'ip -n stove route add default via 10.71.0.1',
  'sysctl -w net.ipv4.ip_forward=1',
  'iptables -t nat -A POSTROUTING -s 10.71.0.0/24 -o wan0 -j MASQUERADE',
];

describe('a set-up script', () => {
  it('is a topology', async () => {
    const { stdout } = await run(['topology', file('setup.sh', ...SETUP)]);
    expect(stdout).toMatch(/├─ br-kitchen +bridge +up +10\.71\.0\.1\/24\n/);
    expect(stdout).toMatch(/to-stove +veth +up +⇄ stove:eth0/);
    expect(stdout).toMatch(/eth0 +veth +up +10\.71\.0\.12\/24 +⇄ host:to-oven/);
  });

  it('lets its namespaces talk', async () => {
    const { there, back } = await trace(file('talk.sh', ...SETUP), '--from', 'stove', '--to', '10.71.0.12');
    expect([there.verdict, there.namespace, back?.verdict]).toEqual(['delivered', 'oven', 'delivered']);
  });

  it('tells after each command what becomes of the packet', async () => {
    const words = ['--from', 'stove', '--to', '8.8.8.8', '--steps'];
    const { steps = [] } = await trace(file('out.sh', ...SETUP, ...OUT), ...words);
    const outcomes = steps.map(({ outcome }) => outcome);
    const changes = steps.filter((_, i) => outcomes[i] !== outcomes[i - 1]);
    expect(changes.map(({ line, cause, passes }) => [line, cause, passes])).toEqual([
      [3, undefined, false],
      [7, 'route-netns-no-default', false],
      [16, 'fwd-ip-forward-off', false],
      [17, undefined, false],
      [18, undefined, true],
    ]);
    expect(changes[3]?.outcome).toContain('private source 10.71.0.11: no answer comes');
  });

  it('says that an answer turns round where no route leads back', async () => {
    const path = file(
      'far.sh',
      ...SETUP.map((line) => line.replace('10.71.0.1/24', '10.71.8.1/24')),
      'ip -n stove route add 10.71.8.1 dev eth0',
      'ip -n stove route add default via 10.71.8.1',
      ...OUT.slice(1).map((line) => line.replace('-s 10.71.0.0/24 ', '')),
    );
    const { stdout, status } = await run(['trace', path, '--from', 'stove', '--to', '8.8.8.8', '-q']);
    expect(stdout).toContain(
      'An answer, if one\ncomes, turns round in host: it leaves by wan0, by which it came,',
    );
    expect(status).toBe(1);
  });

  it('keeps what the kernel would: a pair without its other end has no carrier', async () => {
    const lines = SETUP.filter((line) => !line.includes('link set eth0 up'));
    const { there } = await trace(file('down.sh', ...lines), '--from', 'stove', '--to', '10.71.0.12');
    expect(there.verdict).toBe('dropped');
  });

  it.each([
    [['ip link del to-stove'], 'route-netns-no-default'],
    [['ip netns del oven'], 'neigh-failed'],
    [['ip link set to-oven down'], 'neigh-failed'],
    [['brctl delif br-kitchen to-oven'], 'neigh-failed'],
  ])('undoes: %j', async (commands, cause) => {
    const path = file('undo.sh', ...SETUP, ...commands);
    const { there } = await trace(path, '--from', 'stove', '--to', '10.71.0.12');
    expect([there.verdict, there.cause]).not.toContain('delivered');
    if (cause === 'route-netns-no-default') expect(there.cause).toBe(cause);
  });
});

describe('commands that are refused', () => {
  it.each([
    [
      'iptables -t nat -A PREROUTING --dport 8000 --to-destination 10.71.0.12:80 -j DNAT',
      'iptables -t nat -A PREROUTING -p tcp --dport 8000 -j DNAT --to-destination 10.71.0.12:80',
    ],
    [
      'iptables -A PREROUTING -p tcp --dport 8000 -j DNAT --to-destination 10.71.0.12:80',
      'iptables -t nat -A PREROUTING -p tcp --dport 8000 -j DNAT --to-destination 10.71.0.12:80',
    ],
    ['ip -n stove addr add 10.71.0.13/24 dev eht0', 'ip addr add 10.71.0.13/24 dev eth0'],
    ['ip -n stove link set eth0', 'ip link set eth0 up'],
    ['ip netns exec grill ip link set lo up', undefined],
    ['ip netns add stove', undefined],
    ['ip -n stove route add default via 10.99.0.1', undefined],
  ])('%s', async (command, meant) => {
    const path = file('refused.sh', ...SETUP, command);
    const { stdout, stderr } = await run(['show', path, '--format', 'json']);
    const { commands } = JSON.parse(stdout) as {
      commands: { line: number; refusal?: { reason: string; meant?: string } }[];
    };
    const last = commands.at(-1);
    expect(last?.line).toBe(SETUP.length + 1);
    expect(last?.refusal?.meant).toBe(meant);
    expect(stderr).toContain(`refused.sh: line ${SETUP.length + 1}: `);
  });
});

describe('a note that takes its namespaces for granted', () => {
  const NOTE = [
    'ip link add to-left type veth peer name to-right',
    'ip link set to-left netns left',
    'ip link set to-right netns right',
    'ip -n left addr add 10.72.0.1/30 dev to-left',
    'ip -n left link set lo up',
    'ip link set eth1 up',
  ];
  it.each([
    [NOTE.slice(0, 2), 'ip link set to-left netns right', 'ip link set to-right netns right'],
    [NOTE.slice(0, 3), 'ip link set to-right up', 'ip -n right link set to-right up'],
    [NOTE, 'ip -n left link set ot-left up', 'ip link set to-left up'],
    [NOTE, 'ip -n right addr add 10.72.0.2/30 dev ro-right', 'ip addr add 10.72.0.2/30 dev to-right'],
    [NOTE, 'ip link set to-lefu up', null],
    [NOTE, 'ip -n right link set to-right2 up', null],
    [[...NOTE, 'ip link add to-left type dummy'], 'ip link set to-left up', null],
  ])('%j, then %s', async (before, command, meant) => {
    const path = file('note.sh', ...before, command);
    const { stdout } = await run(['show', path, '--format', 'json']);
    const { commands } = JSON.parse(stdout) as { commands: { refusal?: { meant?: string } }[] };
    const refusals = commands.map(({ refusal }) => refusal?.meant ?? null);
    expect(refusals).toEqual([...before.map(() => null), meant]);
  });
});

describe('a pasted session', () => {
  const SESSION = [
    'My second namespace has no internet:',
    '```',
    'cook@pantry:~$ ip route',
    'default via 203.0.113.1 dev enp2s0 proto dhcp src 203.0.113.77 metric 100',
    '203.0.113.0/24 dev enp2s0 proto kernel scope link src 203.0.113.77 metric 100',
    'cook@pantry:~$ sysctl net.ipv4.ip_forward',
    'net.ipv4.ip_forward = 1',
    'cook@pantry:~$ sudo ip netns add shelf',
    'cook@pantry:~$ sudo ip link add v1 type veth peer name v2 netns shelf',
    'cook@pantry:~$ sudo ip addr add 10.88.0.1/30 dev v1 && sudo ip link set v1 up',
    'cook@pantry:~$ sudo ip netns exec shelf bash',
    'root@pantry:~# ip link set v2 up',
    'root@pantry:~# ip addr add 10.88.0.2/30 dev v2',
    'root@pantry:~# ip route add default via 10.88.0.1',
    'root@pantry:~# ping -c1 1.1.1.1',
    'PING 1.1.1.1 (1.1.1.1) 56(84) bytes of data.',
    '',
    '1 packets transmitted, 0 received, 100% packet loss, time 0ms',
    'root@pantry:~# exit',
    'cook@pantry:~$ sudo iptables -t nat -S',
    '-P PREROUTING ACCEPT',
    '-P INPUT ACCEPT',
    '-P OUTPUT ACCEPT',
    '-P POSTROUTING ACCEPT',
    '```',
    'What is wrong?',
  ];

  it('is taken apart, each dump with its lines', async () => {
    const { stdout } = await run(['show', file('session.md', ...SESSION), '--format', 'json']);
    const { inputs } = JSON.parse(stdout) as { inputs: { kind: string; namespace: string; why: string }[] };
    expect(inputs.map(({ kind, namespace }) => [kind, namespace])).toEqual(
      expect.arrayContaining([
        ['ip-route', 'host'],
        ['sysctl', 'host'],
      ]),
    );
    expect(inputs[0]?.why).toContain('line 3 ');
  });

  it('is a state that a trace runs through', async () => {
    const report = await trace(file('session2.md', ...SESSION), '--from', 'shelf', '--to', '1.1.1.1');
    expect(report.there.verdict).toBe('forwarded');
    expect(report.unanswerable).toBe('10.88.0.2');
    expect(report.there.hops.at(-1)?.out).toBe('enp2s0');
  });

  it('stays where it was when a shell can’t be opened', async () => {
    const path = file(
      'shells.md',
      'sudo ip netns add shelf',
      'sudo ip netns exec shelf bash',
      'ip link set lo up',
      'sudo nsenter --net=/var/run/netns/shelve',
      'ip link add v1 type veth peer name v2',
      'exit',
      'exit',
      'ip link add v3 type dummy',
    );
    const { stdout, stderr } = await run(['show', path, '--format', 'json']);
    const { commands } = JSON.parse(stdout) as { commands: { line: number; refusal?: object }[] };
    expect(commands.map(({ line, refusal }) => [line, refusal !== undefined])).toEqual([
      [1, false],
      [3, false],
      [4, true],
      [5, false],
      [8, false],
    ]);
    expect(stderr).toContain(
      'line 4: `sudo nsenter --net=/var/run/netns/shelve` changes nothing: there is no',
    );
    const { stdout: drawn } = await run(['topology', path]);
    expect(drawn).toMatch(/^shelf(?:\n.*)*v1 +veth/m);
  });

  it('takes a dump that shows what commands made for that', async () => {
    const path = file(
      'later.md',
      ...SESSION,
      '```',
      'cook@pantry:~$ sudo ip netns exec shelf ip addr',
      '1: lo: <LOOPBACK> mtu 65536 qdisc noop state DOWN group default qlen 1000',
      '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00',
      '9: v2@if10: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc noqueue state UP group default qlen 1000',
      '    link/ether 5e:11:22:33:44:55 brd ff:ff:ff:ff:ff:ff link-netnsid 0',
      '    inet 10.88.0.2/30 scope global v2',
      '       valid_lft forever preferred_lft forever',
      '```',
    );
    const { stdout } = await run(['topology', path]);
    expect(stdout).toMatch(/v2 +veth +up +10\.88\.0\.2\/30 +⇄ host:v1/);
  });
});

describe('--steps', () => {
  it('needs commands', async () => {
    const { status, stderr } = await run([
      ...['trace', 'captures/healthy-two-bridges/bundle', '--from', 'host', '--to', '10.0.0.1', '--steps'],
    ]);
    expect(status).toBe(2);
    expect(stderr).toContain('--steps: ');
  });

  it('fits 80 columns', async () => {
    const path = file('wide.sh', ...SETUP, ...OUT);
    const { stdout } = await run(['trace', path, '--from', 'stove', '--to', '8.8.8.8', '--steps']);
    expect(stdout).toContain('\nStep by step\n');
    expect(stdout.split('\n').every((line) => line.length <= 80)).toBe(true);
  });
});
