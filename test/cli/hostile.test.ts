/** Inputs that try to drive the terminal: nothing of them may come out of any command as it went in. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './harness.ts';
import { type Lab, makeLab } from './lab.ts';

/** Clears the screen, sets the title, breaks the line, turns the text around, hides; and C1's way of the first. */
const EVIL = '\x1b[2J\x1b]0;owned\x07\r\u202e\u200b\u2028\x9b2J\x7f';
const RAW = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u202e]/;

let lab: Lab;
beforeAll(() => {
  lab = makeLab();
  const host = 'bundle/namespaces/host';
  lab.file(
    `${host}/iptables-save.txt`,
    `*filter\n:FORWARD ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:A${EVIL} - [0:0]\n` +
      `-A INPUT -p icmp -m comment --comment "x${EVIL}" -j ACCEPT\n-A FORWARD -m frob${EVIL} --x "${EVIL}" -j DROP\nCOMMIT\n`,
  );
  lab.file(`${host}/sysctl.txt`, `net.ipv4.ip_forward = 1\nkernel.domainname = a${EVIL}b\n`);
  lab.file(`${host}/hosts`, `127.0.0.1 localhost\n10.9.0.20 ant${EVIL}\n`);
  lab.file(`${host}/resolv.conf`, `nameserver 10.9.0.1\nsearch a${EVIL}\n`);
  lab.file(
    'bundle/processes.txt',
    `UID PID PPID C STIME TTY TIME CMD\nroot 1 0 0 01:00 ? 00:00:01 /sbin/init ${EVIL}\n`,
  );
  lab.file(
    'bundle/docker/containers.json',
    JSON.stringify([
      {
        Id: 'f'.repeat(64),
        Name: `/web${EVIL}`,
        State: { Running: true, Pid: 4711 },
        HostConfig: { NetworkMode: `net${EVIL}` },
        NetworkSettings: {
          SandboxKey: '',
          Networks: { [`net${EVIL}`]: { IPAddress: '10.9.0.66', IPPrefixLen: 24 } },
        },
      },
    ]),
  );
  lab.file(`notes${EVIL}.txt`, 'no dump at all\n');
});
afterAll(() => rmSync(lab.folder, { recursive: true }));

it('shows what was there as escapes', async () => {
  const { stdout } = await run(['show', lab.bundle]);
  for (const begin of ['--comment "x', 'ant ', '/sbin/init ', 'web', 'search +a ']) {
    expect(stdout).toMatch(new RegExp(`${begin}\\S*\\\\u\\{202e\\}`));
  }
});

describe.each([{ LANG: 'C.UTF-8' }, { LANG: 'C' }])('with %j', (env) => {
  it.each([
    ['analyze'],
    ['analyze', '-v'],
    ['analyze', '--format', 'json'],
    ['analyze', '--format', 'markdown'],
    ['why'],
    ['why', '-v', '--format', 'json'],
    ['why', '--format', 'markdown'],
    ['analyze', '--host', EVIL],
    ['show', '--filter', `host "${EVIL}"`],
    ['topology', '-v'],
    ['topology', '--format', 'json'],
    ['topology', '--format', 'svg'],
    ['topology', '--format', 'mermaid'],
    ['topology', '--format', 'dot'],
    ['trace', '--from', 'ant', '--to', '10.9.0.1', '-v'],
    ['trace', '--from', 'ant', '--to', '198.51.100.7', '--format', 'json'],
    ['trace', '--from', `a${EVIL}`, '--to', '8.8.8.8'],
    ['trace', '--from', 'ant', '--to', EVIL],
    ['replay'],
    ['replay', '--format', 'counters'],
    ['replay', '--inject', `host:${EVIL}=x`],
    ['show'],
    ['show', '--format', 'json'],
    ['show', '--format', 'jsonl'],
    ['show', '--format', 'canonical'],
    ['show', '--format', 'count'],
    [`analyse${EVIL}`],
    ['analyze', `--form${EVIL}`],
    ['analyze', '--format', EVIL],
  ])('%j', async (command, ...options) => {
    const { stdout, stderr, status } = await run(
      [command, lab.bundle, lab.file(`notes${EVIL}.txt`, 'x'), ...options],
      { env },
    );
    expect(status).toBeLessThan(3);
    expect(`${stdout}${stderr}`).not.toBe('');
    expect(stdout).not.toMatch(RAW);
    expect(stderr).not.toMatch(RAW);
  });
});
