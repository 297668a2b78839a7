/** A router between two namespaces, broken and repaired under the eyes of `nettrace live`. The kernel is the judge. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { expectValid } from '../support/schemas.ts';
import { causeIs, Following, isOver, sh } from './following.ts';

const TOOLS = ['ip', 'nsenter', 'tcpdump', 'iptables', 'ping', 'sysctl'];
const possible =
  process.getuid?.() === 0 &&
  TOOLS.every((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0) &&
  spawnSync('unshare', ['--net', 'true']).status === 0;

const [router, client, server] = ['r', 'c', 's'].map((letter) => `lv${process.pid}${letter}`) as [
  string,
  string,
  string,
];

function ipv6(isOn: boolean): void {
  const all = [router, client, server];
  sh(
    all
      .map((name) => `ip netns exec ${name} sysctl -qw net.ipv6.conf.all.disable_ipv6=${isOn ? 0 : 1}`)
      .join('\n'),
  );
}

function strangersIn(name: string): string[] {
  return processesIn(name).map(({ words }) => words);
}

/** Command lines of the processes in a namespace, and what /proc/PID/status says. */
function processesIn(name: string): { words: string; status: string }[] {
  const { ino } = statSync(`/run/netns/${name}`);
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        if (statSync(`/proc/${pid}/ns/net`).ino !== ino) return [];
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return [{ words, status: readFileSync(`/proc/${pid}/status`, 'utf8') }];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}

const backends = [
  { backend: 'tcpdump', there: possible },
  { backend: 'cap', there: possible && existsSync('node_modules/cap/build/Release/cap.node') },
] as const;

beforeAll(() => {
  if (!possible) return;
  sh(`
    for ns in ${router} ${client} ${server}; do ip netns add $ns; done
    ip -batch - <<END
link add eth0 netns ${client} type veth peer name lan0 netns ${router}
link add eth0 netns ${server} type veth peer name wan0 netns ${router}
END
    ip -n ${client} -batch - <<END
link set lo up
addr add 10.61.1.2/24 dev eth0
link set eth0 up
route add default via 10.61.1.1
END
    ip -n ${server} -batch - <<END
link set lo up
addr add 10.61.2.2/24 dev eth0
link set eth0 up
route add default via 10.61.2.1
END
    ip -n ${router} -batch - <<END
link set lo up
addr add 10.61.1.1/24 dev lan0
link set lan0 up
addr add 10.61.2.1/24 dev wan0
link set wan0 up
END
    ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1
  `);
});
afterAll(() => {
  if (!possible) return;
  for (const name of [router, client, server]) spawnSync('ip', ['netns', 'del', name]);
});

describe.skipIf(!possible)(
  'nettrace live that is told what isn’t there (needs root, network namespaces)',
  () => {
    it.each([
      [['-i', `${router}:nope0`], /-i lv\d+r:nope0: lv\d+r has no interface nope0\n.*It has: any, lo, lan0/],
      [['-i', 'nobody:eth0'], /-i nobody:eth0: no namespace or container is called nobody/],
    ])('says what is wrong with %j', saysWhatIsWrong);
  },
);

async function saysWhatIsWrong(words: readonly string[], message: RegExp): Promise<void> {
  const following = new Following([router, client, server], words);
  expect(await following.ended).toBe(2);
  expect(following.complaint.replaceAll(/\s+/g, ' ')).toMatch(
    new RegExp(message.source.replaceAll('\\n', ' ')),
  );
  expect(following.events).toEqual([]);
}

describe.each(backends)(
  'nettrace live by $backend (needs root, network namespaces and $backend)',
  ({ backend, there }) => {
    if (!there) {
      it.skip('can’t run here', () => {});
      return;
    }
    let traffic: ChildProcess | undefined;
    let following: Following | undefined;

    beforeEach(() => {
      traffic = spawn('ip', ['netns', 'exec', client, 'ping', '-q', '-i', '0.2', '10.61.2.2']);
    });
    afterEach(async () => {
      // Whatever a test that failed has left broken.
      spawnSync('sh', [
        '-c',
        `ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1; ip netns exec ${router} iptables -F FORWARD; ip -n ${router} route del blackhole 10.61.2.2/32`,
      ]);
      traffic?.kill('SIGKILL');
      following?.child.kill('SIGINT');
      await following?.ended;
      following = undefined;
    });

    const points = ['--backend', backend, '-i', `${router}:lan0,${router}:wan0`];

    const FAULTS = [
      [
        'forwarding switched off and on again',
        'fwd-ip-forward-off',
        `ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=0`,
        `ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1`,
      ],
      [
        'a rule that drops, added and deleted',
        'flt-rule-drop',
        `ip netns exec ${router} iptables -I FORWARD -i lan0 -d 10.61.2.2 -j DROP`,
        `ip netns exec ${router} iptables -D FORWARD -i lan0 -d 10.61.2.2 -j DROP`,
      ],
      [
        'the route to the server replaced by a blackhole',
        'route-special-type',
        `ip -n ${router} route add blackhole 10.61.2.2/32`,
        `ip -n ${router} route del blackhole 10.61.2.2/32`,
      ],
    ] as const;

    it(`finds, one after the other: ${FAULTS.map(([what]) => what).join('; ')}`, {
      timeout: 180_000,
    }, async () => {
      following = new Following([router, client, server], points);
      await following.until('begin', ({ event }) => event === 'begin');
      for (const [what, cause, breaking, repairing] of FAULTS) {
        const from = following.events.length;
        sh(breaking);
        const change = await following.until(
          `change: ${what}`,
          (event) => event.event === 'change' && event.namespace === router,
          from,
        );
        const found = await following.until(`finding: ${what}`, causeIs(cause), from);
        if (found.event !== 'finding') throw new Error(`no finding: ${what}`);
        expect(found.finding, what).toMatchObject({
          namespace: router,
          severity: 'error',
          fix: { verified: true },
        });
        expect(found.flows[0], what).toMatchObject({
          protocol: 'icmp',
          client: { address: '10.61.1.2', namespace: client },
          server: { address: '10.61.2.2', namespace: server },
        });
        // Its first packet was sent after the host was broken, not before.
        expect(found.began, what).toBeGreaterThanOrEqual(change.time - 5);
        expect(found.time, what).toBeGreaterThanOrEqual(found.began);
        sh(repairing);
        const over = await following.until(`end: ${what}`, isOver(cause), from);
        expect(over, what).toMatchObject({ id: found.id, how: 'answered' });
      }
      for (const event of following.events) expectValid('live-event', event);
      following.child.kill('SIGINT');
      expect(await following.ended).toBe(1);
      expect(following.events.at(-1)).toMatchObject({ event: 'stop' });
      expect(following.complaint).toBe('');
    });

    it('ends with the first finding when it is told to, and leaves nothing running', async () => {
      sh(`ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=0`);
      try {
        following = new Following([router, client, server], [...points, '--exit-on-finding']);
        expect(await following.ended).toBe(1);
        expect(following.events.some(causeIs('fwd-ip-forward-off'))).toBe(true);
        expect(strangersIn(router)).toEqual([]);
      } finally {
        sh(`ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1`);
      }
    });

    it('keeps what it captures as bundles, each of a state of the host', async () => {
      const parent = mkdtempSync(join(tmpdir(), 'nettrace-kept-'));
      const folder = join(parent, 'kept');
      try {
        following = new Following([router, client, server], [...points, '--write', folder]);
        await following.until('begin', ({ event }) => event === 'begin');
        // Some packets of a host that forwards.
        await new Promise((resolve) => setTimeout(resolve, 1500));
        sh(`ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=0`);
        await following.until('finding', causeIs('fwd-ip-forward-off'));
        following.child.kill('SIGINT');
        await following.ended;
        const forwarding: (string | undefined)[] = [];
        const causes = readdirSync(folder).map((bundle) => {
          const settings = readFileSync(join(folder, bundle, `namespaces/${router}/sysctl.txt`), 'utf8');
          forwarding.push(/^net\.ipv4\.ip_forward = (\d)/m.exec(settings)?.[1]);
          const words = ['bin/nettrace.js', 'analyze', join(folder, bundle), '--format', 'json'];
          const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
          expect(stderr).not.toMatch(/error/);
          return (JSON.parse(stdout) as Analysis).findings.map(({ cause }) => cause);
        });
        expect(forwarding.slice(0, -1)).toContain('1');
        expect(forwarding.at(-1)).toBe('0');
        expect(causes.at(-1)).toEqual(['fwd-ip-forward-off']);
      } finally {
        sh(`ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1`);
        rmSync(parent, { recursive: true, force: true });
      }
    });

    it.each([
      { which: 'where packets come', isIdle: false },
      { which: 'where none comes', isIdle: true },
    ])(
      'captures as somebody who may do nothing else, and ends with it when it is killed, $which',
      async ({ isIdle }) => {
        // Solicitations and reports would be packets, too.
        if (isIdle) ipv6(false);
        following = new Following([router, client, server], points);
        await following.until('begin', ({ event }) => event === 'begin');
        const captures = processesIn(router).filter(({ words }) => /tcpdump|cap-child/.test(words));
        expect(captures.length).toBeGreaterThan(1);
        for (const { status } of captures) {
          // Real, effective, saved and of the file system.
          expect(status).not.toMatch(/^(Uid|Gid):.*\t0\b/m);
          expect(status).toMatch(/^CapEff:\t0+$/m);
        }
        if (isIdle) {
          traffic?.kill('SIGKILL');
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
        following.child.kill('SIGKILL');
        await following.ended;
        try {
          await expect.poll(() => strangersIn(router), { timeout: 2000 }).toEqual([]);
        } finally {
          ipv6(true);
        }
      },
    );

    it('says what is wrong with a filter', () =>
      saysWhatIsWrong([...points, '--filter', 'port and'], /no capture could begin: .*syntax error/));
  },
);
