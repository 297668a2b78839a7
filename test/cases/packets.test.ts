/** Rows of packets: what holds passes, and what doesn't says what holds. */
import { describe, expect, it } from 'vitest';
import { inFolder, RULES, router, STATE } from './lab.ts';

/** Rows that hold. */
const HOLD = [
  'from 10.0.0.9 to 8.8.8.8:443/tcp: delivered via wan0 as 203.0.113.2, answered',
  'from 10.0.0.9 to 8.8.8.8:443/tcp: forwarded by filter FORWARD 2 to 8.8.8.8:443',
  'from 10.0.0.9:5000 to 8.8.8.8:443/tcp: forwarded as 203.0.113.2:5000',
  'tcp 10.0.0.9 > 8.8.8.8:80: forwarded via host:wan0 state new mark 0',
  'from 10.0.0.9 to 8.8.8.8:443/tcp state established: forwarded by filter FORWARD 1 state established',
  'from 10.0.0.9 to 8.8.8.8:25/tcp: rejected by filter FORWARD 3 with icmp-admin-prohibited',
  'from lan0 to 8.8.8.8/icmp: rejected by filter FORWARD',
  'from wan0 to host:8443/tcp: forwarded via lan0 to 10.0.0.5:443, answered',
  'from 198.51.100.9 to 203.0.113.2:22/tcp: delivered in host by filter INPUT "ssh"',
  'from host:wan0 to host:8080/tcp: dropped by filter INPUT policy',
  'from wan0 to 10.0.0.5:80/tcp: dropped by filter FORWARD policy',
  'from wan0 to 10.0.0.5:80/tcp: dropped by flt-forward-policy-drop',
  'from wan0 to 10.0.0.5:80/tcp: dropped or rejected',
  'from 198.51.100.9 to 10.0.0.5:443/tcp iif wan0 mark 0x7: forwarded via lan0',
  'from host to 8.8.8.8:53/udp: forwarded via wan0, answered',
];

describe('a row that holds passes', () => {
  it.each(HOLD)('%s', async (row) => {
    await inFolder(router([row]), async (folder) => {
      const { status, stdout } = await folder.test();
      expect(stdout).toMatch(/^✓ router 1 row, \d+ ms\n\n1 case: 1 passed · 1 row · \d+ ms\n$/);
      expect(status).toBe(0);
    });
  });
});

describe('a row that doesn’t hold says what does', () => {
  it.each([
    ['from 10.0.0.9 to 8.8.8.8:443/tcp: dropped', 'forwarded via wan0 as 203.0.113.2, answered'],
    ['from 10.0.0.9 to 8.8.8.8:443/tcp: delivered as 203.0.113.9', 'delivered as 203.0.113.2'],
    ['from 10.0.0.9 to 8.8.8.8:443/tcp: forwarded by filter FORWARD 1', 'forwarded by filter FORWARD 2'],
    ['from 10.0.0.9 to 8.8.8.8:443/tcp: forwarded via lan0', 'forwarded via wan0'],
    ['from 10.0.0.9 to 8.8.8.8:443/tcp: forwarded, no answer', 'forwarded, answered'],
    ['from 10.0.0.9 to 8.8.8.8:443/tcp: forwarded mark 1', 'forwarded mark 0x0'],
    ['from 10.0.0.9 to 8.8.8.8:443/tcp: forwarded state established', 'forwarded state new'],
    ['from 10.0.0.9 to 8.8.8.8:443/tcp: bridged', 'forwarded via wan0 as 203.0.113.2, answered'],
    [
      'from 10.0.0.9 to 8.8.8.8:25/tcp: rejected with tcp-reset',
      'rejected by filter FORWARD 3 with icmp-admin-prohibited',
    ],
    ['from wan0 to host:8443/tcp: forwarded to 10.0.0.6', 'forwarded to 10.0.0.5:443'],
    ['from wan0 to host:22/tcp: delivered in red', 'delivered in host'],
    ['from wan0 to host:22/tcp: forwarded', 'delivered in host, answered'],
    ['from wan0 to host:8080/tcp: dropped by filter INPUT 1', 'dropped by filter INPUT policy'],
    ['from wan0 to host:8080/tcp: dropped by net.ipv4.ip_forward', 'dropped by filter INPUT policy'],
    ['from wan0 to host:8080/tcp: no route', 'dropped by filter INPUT policy'],
    [
      'from wan0 to host:80/tcp state established: delivered',
      'no connection: the packet that opens it is dropped by filter INPUT policy',
    ],
  ])('%s', async (row, found) => {
    await inFolder(router([row]), async (folder) => {
      const { status, stdout } = await folder.test([], { columns: 200 });
      expect(stdout).toContain(`    found     ${found}\n`);
      expect(stdout).toContain('DIR/router.expect.yaml:13:5\n');
      expect(status).toBe(1);
    });
  });

  it('names the rule with its file and line, and shows the way', async () => {
    await inFolder(router(['from 10.0.0.9 to 8.8.8.8:25/tcp: delivered']), async (folder) => {
      const { stdout } = await folder.test([], { columns: 80 });
      expect(stdout).toMatch(/rule {6}DIR\/router\.rules:15: -A FORWARD -i lan0/);
      expect(stdout).toContain('filter:FORWARD:rule:3');
      expect(
        Math.max(
          ...stdout
            .replaceAll('DIR/', folder.path)
            .split('\n')
            .map((line) => line.length),
        ),
      ).toBeLessThan(130);
    });
  });
});

it('an answer that dies is told with its own way', async () => {
  const rules = RULES.replace('-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n', '');
  const row = 'from 10.0.0.9 to 8.8.8.8:443/tcp: forwarded, answered';
  await inFolder(router([row], { 'router.rules': rules }), async (folder) => {
    const { stdout } = await folder.test([], { columns: 200 });
    expect(stdout).toContain('found     forwarded, answer dropped by filter FORWARD policy');
    expect(stdout).toContain('rule      DIR/router.rules:9: filter FORWARD policy DROP');
    expect(stdout).toMatch(/Answer: tcp 8\.8\.8\.8:443 → 203\.0\.113\.2:\d+/);
  });
  const right = 'from 10.0.0.9 to 8.8.8.8:443/tcp: forwarded, answer dropped by filter FORWARD policy';
  await inFolder(router([right], { 'router.rules': rules }), async (folder) => {
    expect((await folder.test()).status).toBe(0);
  });
});

describe('what isn’t known', () => {
  it.each([
    ['from rde to 8.8.8.8', '13:10', '"rde" is no namespace, interface or address', 'wan0'],
    ['from host:wan1 to 8.8.8.8', '13:10', '"wan1" is no interface of host', 'Did you mean wan0?'],
    [
      'from host to web:80/tcp',
      '13:18',
      '"web" is no address, namespace or container',
      'The inputs know: host',
    ],
    ['from host to 8.8.8.8/tcp', '13:18', 'tcp needs a port', '443'],
    ['from host to 8.8.8.8:80/icmp', '13:18', 'icmp has no ports', ''],
    ['from 10.0.0.9 to [fd00::1]:80/tcp', '13:22', 'different families', ''],
    ['from lan0 to 8.8.8.8 iif wan0', '13:10', '"lan0" is no address', ''],
    ['from host to 8.8.8.8:53/udp state invalid', '13:10', 'no packet of udp is invalid', 'tcp or icmp'],
    ['from host to 8.8.8.8/icmp type echo-rquest', '13:36', 'is no ICMP type', ''],
  ])('%s', async (question, at, fault, hint) => {
    await inFolder(router([`${question}: delivered`]), async (folder) => {
      const { status, stdout } = await folder.test(['--format', 'json']);
      const { rows } = JSON.parse(stdout).cases[0];
      expect(rows[0].outcome).toBe('error');
      expect(`${rows[0].error.line}:${rows[0].error.column}`).toBe(at);
      expect(rows[0].error.text).toContain(fault);
      expect(rows[0].error.hint ?? '').toContain(hint);
      expect(status).toBe(2);
    });
  });
});

it('each row is for itself: what one packet leaves behind doesn’t matter to the next', async () => {
  const row = 'from 10.0.0.9:5000 to 8.8.8.8:443/tcp: forwarded by filter FORWARD 2 state new';
  await inFolder(router([row, row, row]), async (folder) => {
    expect((await folder.test()).status).toBe(0);
  });
});

it('setup changes the state for the packets', async () => {
  const rows = (verdict: string) => `packets:\n  - from 10.0.0.9 to 8.8.8.8:443/tcp: ${verdict}\n`;
  const setup = `setup:\n  - iptables -I FORWARD 1 -p tcp --dport 443 -j DROP\n`;
  await inFolder(
    { 'a.rules': RULES, 'a.expect.yaml': STATE + setup + rows('dropped by filter FORWARD 1') },
    async (folder) => {
      expect((await folder.test()).status).toBe(0);
    },
  );
  const off = 'setup: [sysctl -w net.ipv4.ip_forward=0]\n';
  await inFolder(
    { 'a.rules': RULES, 'a.expect.yaml': STATE + off + rows('dropped by net.ipv4.ip_forward') },
    async (folder) => {
      expect((await folder.test()).status).toBe(0);
    },
  );
  const wrong = 'setup: [iptables -I FROWARD 1 -j DROP]\n';
  await inFolder({ 'a.rules': RULES, 'a.expect.yaml': STATE + wrong + rows('dropped') }, async (folder) => {
    const { status, stdout } = await folder.test();
    expect(stdout).toContain('DIR/a.expect.yaml:12:9');
    expect(status).toBe(2);
  });
});

it('what rests on an assumption passes, and fails when it must be certain', async () => {
  const rules = RULES.replace(
    '-A INPUT -p tcp',
    '-A INPUT -m owner --uid-owner 0 -j DROP\n-A INPUT -p tcp -m statistic --mode random --probability 0.5 -j DROP\n-A INPUT -p tcp',
  );
  await inFolder(
    router(['from wan0 to host:22/tcp: delivered or dropped'], {
      'router.rules': rules.replace(/.*uid-owner.*\n/, ''),
    }),
    async (folder) => {
      expect((await folder.test()).status).toBe(0);
      const { status, stdout } = await folder.test(['--strict']);
      expect(stdout).toContain('--strict');
      expect(status).toBe(1);
    },
  );
});

it('forwarding that is off is no missing route', async () => {
  const bundle = `${process.cwd()}/captures/forward-off-bridge/bundle`;
  const text = `inputs: [${bundle}]\npackets:\n  - from ant to 9.9.9.9/icmp: no route\n`;
  await inFolder({ 'lab.expect.yaml': text }, async (folder) => {
    expect((await folder.test()).stdout).toContain('found     dropped by net.ipv4.ip_forward\n');
  });
});

it('two namespaces and a bridge between them', async () => {
  const bundle = 'captures/forward-off-bridge/bundle';
  const { resolve } = await import('node:path');
  const rows = [
    'from ant to bee/icmp: delivered in bee via br-lab, answered',
    'from ant to 9.9.9.9/icmp: dropped by net.ipv4.ip_forward in host',
    'from ant src 10.20.0.11 to 9.9.9.9/icmp: dropped by fwd-ip-forward-off',
    'from ant to host/icmp: delivered in host via ant:eth0, answered',
  ];
  const text = `inputs: [${resolve(bundle)}]\npackets:\n${rows.map((row) => `  - ${row}\n`).join('')}`;
  await inFolder({ 'lab.expect.yaml': text }, async (folder) => {
    const { status, stdout } = await folder.test();
    expect(stdout).toMatch(/^✓ lab 4 rows/);
    expect(status).toBe(0);
  });
});
