import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PacketLine } from '../../src/packet/packet-line.ts';
import type { Analysis } from '../../src/report/analysis.ts';
import { run } from './harness.ts';
import { type Lab, makeLab, pingCapture, START } from './lab.ts';

let lab: Lab;
beforeAll(() => {
  lab = makeLab();
});
afterAll(() => rmSync(lab.folder, { recursive: true }));

describe('analyze', () => {
  it('reports the cause and ends with 1', async () => {
    const { status, stdout, stderr } = await run(['analyze', lab.bundle]);
    expect([status, stderr]).toEqual([1, '']);
    expect(stdout).toContain('the host does not forward: net.ipv4.ip_forward is 0');
    expect(stdout).toMatch(/│ in br0 +✓ 2 packets +captures\/host\/br0\.pcap/);
    expect(stdout).toContain('sysctl -w net.ipv4.ip_forward=1');
  });

  it('gives the same as data', async () => {
    const { status, stdout } = await run(['analyze', lab.bundle, '--format', 'json', '-q']);
    const analysis = JSON.parse(stdout) as Analysis;
    expect(status).toBe(1);
    expect(analysis.findings[0]?.cause).toBe('fwd-ip-forward-off');
    expect(analysis.inputs.map((input) => input.packets)).toContain(4);
  });

  it('ends with 0 when nothing is wrong', async () => {
    const capture = lab.file(
      'healthy.pcap',
      pingCapture([
        { from: '192.0.2.1', to: '192.0.2.10', type: 8, id: 5, at: 1 },
        { from: '192.0.2.10', to: '192.0.2.1', type: 0, id: 5, at: 1.001 },
      ]),
    );
    const { status, stdout } = await run(['analyze', `host:eth0=${capture}`]);
    expect(status, stdout).toBe(0);
    expect(stdout).toContain('The flow is healthy');
  });

  it('uses what is usable, and still ends with 2', async () => {
    const notes = lab.file('notes.txt', 'milk\neggs\n');
    const { status, stdout, stderr } = await run(['analyze', lab.bundle, notes]);
    expect(status).toBe(2);
    expect(stderr).toContain('notes.txt');
    expect(stdout).toContain('net.ipv4.ip_forward is 0');
    const ignored = await run(['analyze', lab.bundle, notes, '--ignore-unknown']);
    expect(ignored.status).toBe(1);
  });

  it('reads a capture from standard input', async () => {
    const stdin = readFileSync(join(lab.bundle, 'captures/host/br0.pcap'));
    const { stdout } = await run(['analyze', '-', '--format', 'json'], { stdin });
    expect((JSON.parse(stdout) as Analysis).inputs[0]?.packets).toBe(4);
  });

  it('writes to the file of -o, without colours, and leaves standard output alone', async () => {
    const target = join(lab.folder, 'report.txt');
    const { status, stdout } = await run(['analyze', lab.bundle, '-o', target], { tty: true, columns: 100 });
    expect([status, stdout]).toEqual([1, '']);
    const text = readFileSync(target, 'utf8');
    expect(text).toContain('net.ipv4.ip_forward is 0');
    expect(text).not.toContain('\x1b');
  });
});

describe('inputs that are no use', () => {
  const cases: [string, (lab: Lab) => string, RegExp][] = [
    ['a file that is not there', () => '/nowhere/at/all.pcap', /all\.pcap/],
    ['an empty file', (own) => own.file('empty.pcap', ''), /empty/],
    ['a text that is no dump', (own) => own.file('list.txt', 'milk\neggs\n'), /list\.txt/],
    [
      'a directory without anything',
      (own) => {
        mkdirSync(join(own.folder, 'nothing'), { recursive: true });
        return join(own.folder, 'nothing');
      },
      /nothing/,
    ],
  ];
  it.each(cases)('%s', async (_name, make, message) => {
    for (const command of ['analyze', 'topology', 'show', 'replay']) {
      const { status, stdout, stderr } = await run([command, make(lab)]);
      expect([command, status, stdout]).toEqual([command, 2, '']);
      expect(stderr).toMatch(/^nettrace: error: /);
      expect(stderr).toMatch(message);
    }
  });

  it('a damaged record is a warning that says where, and what is behind it is used', async () => {
    const damaged = Buffer.from(readFileSync(join(lab.bundle, 'captures/host/br0.pcap')));
    damaged.writeUInt32LE(0xffffffff, 24 + 8);
    const path = lab.file('damaged.pcap', damaged);
    const { status, stdout, stderr } = await run(['show', '--format', 'jsonl', path]);
    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(3);
    expect(stderr).toMatch(/nettrace: warning: .*damaged\.pcap: packet 1: .*is read next/s);
  });

  it('says the packet where a damaged capture ends', async () => {
    const whole = readFileSync(join(lab.bundle, 'captures/host/br0.pcap'));
    const damaged = Buffer.from(whole.subarray(0, 24 + 40));
    damaged.writeUInt32LE(0xffffffff, 24 + 8);
    const path = lab.file('damaged.pcap', damaged);
    const { status, stderr } = await run(['show', path]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/damaged\.pcap: packet 1: /);
  });

  it('a capture cut short is a warning, and what was read is used', async () => {
    const whole = readFileSync(join(lab.bundle, 'captures/host/br0.pcap'));
    const path = lab.file('cut.pcap', whole.subarray(0, -5));
    const { status, stdout, stderr } = await run(['show', '--format', 'jsonl', path]);
    expect(status).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(3);
    expect(stderr).toMatch(/nettrace: warning: .*cut\.pcap: packet 4: /);
    expect((await run(['show', '--format', 'jsonl', path, '-q'])).stderr).toBe('');
  });

  it('escapes names that would drive the terminal', async () => {
    const { stderr } = await run(['analyze', 'no\x1b[2Jsuch\nfile']);
    expect(stderr).toContain('no\\x1b[2Jsuch\\nfile');
    expect(stderr).not.toContain('\x1b');
  });
});

describe('the command line', () => {
  it.each<[string[], RegExp]>([
    [['analyse', 'x'], /unknown command 'analyse'[\s\S]*analyze/],
    [['analyze', '--formt', 'json', 'x'], /unknown option '--formt'[\s\S]*--format/],
    [['analyze', '--format', 'yaml', 'x'], /Allowed choices are text, json/],
    [['analyze'], /missing required argument/],
    [['trace', 'x', '--to', '8.8.8.8'], /required option '--from/],
    [['replay', 'x', '--inject', 'eth0.pcap'], /eth0\.pcap is not NS:IFACE=FILE/],
    [[], /Usage: nettrace/],
  ])('%j ends with 2', async (words, message) => {
    const { status, stdout, stderr } = await run(words);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('points at analyze when a file stands where a command should', async () => {
    const capture = join(lab.bundle, 'captures/host/br0.pcap');
    const { status, stderr } = await run([capture]);
    expect(status).toBe(2);
    expect(stderr).toContain(`nettrace analyze ${capture}`);
  });

  it.each(['analyze', 'topology', 'trace', 'replay', 'show'])(
    '%s --help teaches by examples',
    async (command) => {
      const { status, stdout } = await run([command, '--help']);
      expect(status).toBe(0);
      expect(stdout).toMatch(/Examples:\n {2}.*:\n {4}\$ nettrace|Examples:\n {2}.*\?\n {4}\$ nettrace/);
    },
  );

  it('prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await run(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('refuses to write over what it reads', async () => {
    const capture = join(lab.bundle, 'captures/host/br0.pcap');
    const before = readFileSync(capture);
    for (const input of [capture, lab.bundle, `host:br0=${capture}`]) {
      const { status, stderr } = await run(['show', input, '-o', capture]);
      expect(status).toBe(2);
      expect(stderr).toContain('is one of the inputs');
    }
    expect(readFileSync(capture).equals(before)).toBe(true);
  });

  it('says why the output cannot be written', async () => {
    const { status, stderr } = await run([
      'topology',
      lab.bundle,
      '-o',
      join(lab.folder, 'no/such/folder.txt'),
    ]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/can't write .*ENOENT/);
  });
});

describe('the terminal', () => {
  const colored = { tty: true, columns: 100 };
  it.each([
    ['a terminal has colours', [], colored, true],
    ['a pipe has none', [], {}, false],
    ['NO_COLOR', [], { ...colored, env: { LANG: 'C.UTF-8', NO_COLOR: '1' } }, false],
    ['an empty NO_COLOR does not count', [], { ...colored, env: { LANG: 'C.UTF-8', NO_COLOR: '' } }, true],
    ['a dumb terminal', [], { ...colored, env: { LANG: 'C.UTF-8', TERM: 'dumb' } }, false],
    ['--color=always in a pipe', ['--color', 'always'], {}, true],
    ['--color=always beats NO_COLOR', ['--color', 'always'], { env: { NO_COLOR: '1' } }, true],
    ['--color=never on a terminal', ['--color', 'never'], colored, false],
  ] as const)('%s', async (_name, words, around, expected) => {
    const { stdout } = await run(['topology', lab.bundle, ...words], around);
    expect(stdout.includes('\x1b[')).toBe(expected);
  });

  it.each([
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'de_DE.utf8' }, true],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'en_US.ISO-8859-1' }, false],
    [{}, false],
  ])('locale %j draws beyond ASCII: %s', async (env, expected) => {
    const { stdout } = await run(['topology', lab.bundle], { env });
    expect(/[^\x00-\x7f]/.test(stdout)).toBe(expected);
    expect(stdout).toContain(expected ? '├─ eth0' : '|- eth0');
  });

  it('shows how far it is on a terminal, takes it away at the end, and not with -q', async () => {
    const progress = /\r\x1b\[Kreading \w+\.pcap: \d+ % of/;
    const { stderr } = await run(['analyze', lab.bundle], colored);
    expect(stderr).toMatch(progress);
    expect(stderr.endsWith('\r\x1b[K')).toBe(true);
    expect((await run(['analyze', lab.bundle, '-q'], colored)).stderr).not.toMatch(progress);
    expect((await run(['analyze', lab.bundle])).stderr).not.toMatch(progress);
  });
});

describe('trace', () => {
  it('lists the hops there and back with every rule that matched', async () => {
    const { status, stdout } = await run(['trace', lab.bundle, '--from', 'ant', '--to', '10.9.0.1'], {
      columns: 100,
      env: { LANG: 'C.UTF-8' },
    });
    expect(status).toBe(0);
    expect(stdout.split('\n\n').slice(0, 3).join('\n\n')).toMatchInlineSnapshot(`
      "The packet is delivered in host to the kernel. The answer is delivered in ant to the kernel.

      There: icmp 10.9.0.20 → 10.9.0.1 type 8
        ┌ ant
        │ sent                   locally
        │ route                  10.9.0.0/24 dev eth0 src 10.9.0.20  (ant/ip-route.txt:2)
        └ out eth0               next hop 10.9.0.1
        ┌ host
        │ in br0                 port vant
        │ bridge br0             up to the host
        │ conntrack              NEW, original direction
        │ nat:PREROUTING:policy  ACCEPT  (host/iptables-save.txt:2)
        │ route                  to this namespace itself  (host/ip-addr.txt:11)
        │ filter:INPUT:rule:1    -A INPUT -p icmp -j WATCH  (host/iptables-save.txt:13)
        │ filter:WATCH:rule:1    -A WATCH -i br0 -j RETURN  (host/iptables-save.txt:14)
        │ filter:INPUT:policy    ACCEPT  (host/iptables-save.txt:9)
        │ nat:INPUT:policy       ACCEPT  (host/iptables-save.txt:3)
        └ arrives                at the local stack

      Back: icmp 10.9.0.1 → 10.9.0.20 type 0
        ┌ host
        │ sent                  locally
        │ route                 10.9.0.0/24 dev br0 src 10.9.0.1  (host/ip-route.txt:2)
        │ conntrack             ESTABLISHED, reply direction
        │ filter:OUTPUT:policy  ACCEPT  (host/iptables-save.txt:11)
        │ bridge br0            out by port vant
        └ out br0               port vant, next hop 10.9.0.20
        ┌ ant
        │ in eth0
        │ route                 to this namespace itself  (ant/ip-addr.txt:7)
        └ arrives               at the local stack"
    `);
  });

  it('ends with 1 where the packet dies', async () => {
    const { status, stdout } = await run(['trace', lab.bundle, '--from', 'ant', '--to', '198.51.100.7']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^The packet is dropped in host \(fwd-ip-forward-off\)\./);
  });

  it('lets a packet come in from the wire', async () => {
    const words = ['--from', 'host:eth0', '--src', '192.0.2.77', '--to', '192.0.2.10:22'];
    const { status, stdout } = await run(['trace', lab.bundle, ...words]);
    expect(status).toBe(0);
    expect(stdout).toContain('to sshd');
    const closed = await run(['trace', lab.bundle, ...words.slice(0, -1), '192.0.2.10', '--dport', '23']);
    expect(closed.status).toBe(1);
  });

  it.each([
    [['--from', 'antt', '--to', '8.8.8.8'], /no namespace antt\nDid you mean ant\? .*host, ant/],
    [['--from', 'host:eth1', '--to', '8.8.8.8'], /no interface eth1\nDid you mean eth0\?/],
    [['--from', 'ant', '--to', 'dns.example'], /dns\.example is no IP address\nNames are not resolved/],
    [['--from', 'ant', '--to', '8.8.8.8', '--dport', '70000'], /70000 is no port/],
    [['--from', 'ant', '--to', '8.8.8.8', '--proto', 'icpm'], /icpm is no protocol/],
    [['--from', 'ant', '--to', '8.8.8.8', '--proto', 'tcp'], /needs --dport/],
    [['--from', 'ant', '--to', '8.8.8.8', '--proto', 'gre', '--dport', '5'], /gre has no ports/],
    [['--from', 'ant', '--to', '8.8.8.8', '--src', 'fd00::1'], /different families/],
    [['--from', 'ant', '--to', '8.8.8.8', '--icmp-type', 'frob'], /frob is no ICMP type/],
    [['--from', 'ant', '--to', '8.8.8.8', '--ttl', '300'], /300 is no number from 0 to 255/],
  ])('%j ends with 2 and says what would do', async (words, message) => {
    const { status, stdout, stderr } = await run(['trace', lab.bundle, ...words]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});

interface Line {
  packet: { file: string; number: number; time: number };
  verdict: string;
  cause?: string;
  answer?: true;
}

describe('replay', () => {
  const lines = (stdout: string) =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);

  it('sends each captured packet once, in order of time', async () => {
    const { status, stdout } = await run(['replay', lab.bundle]);
    expect(status).toBe(0);
    expect(lines(stdout).map(({ packet, verdict }) => [packet.time - START, verdict])).toEqual([
      [0.25, 'delivered'],
      [expect.closeTo(0.2501), 'delivered'],
      [1, 'dropped'],
      [1.5, 'delivered'],
      [2, 'dropped'],
    ]);
  });

  it('takes a packet seen at two points once, at the first', async () => {
    const ping = { from: '192.0.2.1', to: '192.0.2.10', type: 8, id: 3, at: 5 } as const;
    const first = lab.file('first.pcap', pingCapture([ping]));
    const second = lab.file(
      'second.pcap',
      pingCapture([ping]).map((byte, index) => (index === 28 ? byte + 9 : byte)),
    );
    const { stdout } = await run([
      'replay',
      `host:eth0=${first}`,
      `host:br0=${second}`,
      `${lab.bundle}/namespaces`,
      '-q',
    ]);
    expect(lines(stdout).map(({ packet }) => packet.file)).toEqual([first]);
  });

  it('feeds packets of a file in on an interface or as sent by a process', async () => {
    const inward = lab.file(
      'in.pcap',
      pingCapture([{ from: '192.0.2.66', to: '192.0.2.10', type: 8, id: 1, at: 1 }]),
    );
    const outward = lab.file(
      'out.pcap',
      pingCapture([{ from: '10.9.0.20', to: '10.9.0.1', type: 8, id: 2, at: 0.5 }]),
    );
    const inject = ['--inject', `host:eth0=${inward}`, '--inject', `ant:@local=${outward}`];
    const { stdout } = await run(['replay', lab.bundle, ...inject]);
    expect(lines(stdout).map(({ packet, verdict }) => [packet.file, verdict])).toEqual([
      [outward, 'delivered'],
      [inward, 'delivered'],
    ]);
    const answered = lines((await run(['replay', lab.bundle, ...inject, '--respond'])).stdout);
    expect(answered.filter((line) => line.answer)).toHaveLength(2);
  });

  it('counts as iptables-save -c would', async () => {
    const { stdout } = await run(['replay', lab.bundle, '--format', 'counters']);
    expect(stdout).toContain('# iptables-save -c of namespace host\n*nat\n');
    expect(stdout).toMatch(/\[2:\d+\] -A INPUT -p icmp -j WATCH\n\[1:\d+\] -A WATCH -i br0 -j RETURN\n/);
  });

  it.each([
    [`hosst:eth0=`, /no namespace called hosst\nDid you mean host\?/],
    ['host:eth9=', /no interface of host called eth9\nDid you mean eth0\?/],
  ])('--inject %s ends with 2', async (word, message) => {
    const capture = join(lab.bundle, 'captures/host/eth0.pcap');
    const { status, stderr } = await run(['replay', `${lab.bundle}/namespaces`, '--inject', word + capture]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('show', () => {
  it('says what each file was taken for, why, and what it holds', async () => {
    const { status, stdout } = await run(['show', lab.bundle]);
    expect(status).toBe(0);
    expect(stdout).toContain(
      '       3  10:00:01.000000  IP 10.9.0.20 > 198.51.100.7: ICMP echo request, id 78',
    );
    expect(stdout).toMatch(/iptables-save\.txt {2}of host, by the bundle's folder\n {2}iptables-save/);
    expect(stdout).toContain('    1  -s 10.9.0.0/24 ! -o br0 -j MASQUERADE');
    expect(stdout).toMatch(/tcp +LISTEN +0\.0\.0\.0:22 +sshd \(pid 612\)/);
  });

  it('counts', async () => {
    const { stdout } = await run(['show', '--format', 'count', lab.bundle]);
    const [header, ...rows] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(/ +/));
    expect(header).toEqual(['packets', 'bytes', 'first', 'last', 'capture']);
    expect(rows[0]?.slice(0, 4)).toEqual([
      '4',
      expect.any(String),
      `${START}.250000000`,
      `${START + 2}.000000000`,
    ]);
  });

  it('gives packets as lines with exact times', async () => {
    const { stdout } = await run(['show', '--format', 'jsonl', lab.bundle]);
    const packets = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as PacketLine);
    expect(packets.map(({ number, time }) => [number, time])[1]).toEqual([2, `${START}.250100000`]);
    expect(packets).toHaveLength(5);
  });

  it('prints dumps as their commands do', async () => {
    const rules = join(lab.bundle, 'namespaces/host/iptables-save.txt');
    const { stdout } = await run(['show', '--format', 'canonical', rules]);
    const found = readFileSync(rules, 'utf8').split('\n');
    const printed = stdout.split('\n');
    // Every rule as it is written; the tables in the nft backend's order, with all their built-in chains.
    expect(printed.filter((line) => line.startsWith('-A')).sort()).toEqual(
      found.filter((line) => line.startsWith('-A')).sort(),
    );
    expect(printed.filter((line) => line.startsWith('*'))).toEqual(['*filter', '*nat']);
    expect(printed.filter((line) => line.startsWith(':')).map((line) => line.split(' ')[0])).toEqual([
      ':INPUT',
      ':FORWARD',
      ':OUTPUT',
      ':WATCH',
      ':PREROUTING',
      ':INPUT',
      ':OUTPUT',
      ':POSTROUTING',
    ]);
  });

  it.each([
    ['jsonl', 'namespaces/host/sysctl.txt', /no capture among the inputs/],
    ['count', 'namespaces/host/sysctl.txt', /no capture among the inputs/],
    ['canonical', 'captures/host/br0.pcap', /no dump among the inputs/],
  ])('--format %s of %s is a mistake', async (format, path, message) => {
    const { status, stderr } = await run(['show', '--format', format, join(lab.bundle, path)]);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});
