/** What `nettrace live` needs dies, hangs, goes away and comes back, under its eyes. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Following, sh } from '../live/following.ts';
import { isRoot } from './program.ts';

const TOOLS = ['ip', 'nsenter', 'tcpdump', 'ping', 'sysctl'];
const possible =
  isRoot &&
  TOOLS.every((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0) &&
  spawnSync('unshare', ['--net', 'true']).status === 0;
const [router, client] = ['r', 'c'].map((letter) => `fl${process.pid}${letter}`) as [string, string];

/** Processes in the router, by a word of their command lines. */
function processes(word: string): number[] {
  const { ino } = statSync(`/run/netns/${router}`);
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          statSync(`/proc/${pid}/ns/net`).ino === ino &&
          readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').includes(word)
        );
      } catch {
        return false;
      }
    });
}

const wire = () =>
  sh(`
    ip link add eth0 netns ${client} type veth peer name lan0 netns ${router}
    ip -n ${client} addr add 10.63.1.2/24 dev eth0; ip -n ${client} link set eth0 up
    ip -n ${router} addr add 10.63.1.1/24 dev lan0; ip -n ${router} link set lan0 up
  `);
const ping = () => sh(`ip netns exec ${client} ping -qc 1 -W 1 10.63.1.1 >/dev/null`);
const warns = (text: string) => (event: { event: string; text?: string }) =>
  event.event === 'warning' && event.text?.includes(text) === true;

describe.skipIf(!possible)('live goes on (needs root, network namespaces and tcpdump)', () => {
  let following: Following;
  beforeAll(() => {
    for (const name of [router, client]) sh(`ip netns add ${name}; ip -n ${name} link set lo up`);
    wire();
  });
  afterEach(async () => {
    following.child.kill('SIGINT');
    await following.ended;
    // What it had begun ends with it, if not in the same moment.
    await expect.poll(() => processes(''), { timeout: 10_000 }).toEqual([]);
  });
  afterAll(() => {
    for (const name of [router, client]) spawnSync('ip', ['netns', 'del', name]);
  });

  async function follow(): Promise<void> {
    following = new Following([router, client], ['-i', `${router}:lan0`]);
    await following.until('begin', ({ event }) => event === 'begin');
  }

  /** Packets of its last line. */
  async function stopped(): Promise<number> {
    following.child.kill('SIGINT');
    await following.ended;
    const stop = following.events.at(-1);
    if (stop?.event !== 'stop')
      throw new Error(`it ended with ${JSON.stringify(stop)} ${following.complaint}`);
    return stop.points[0]?.packets ?? 0;
  }

  it('when a capture is killed: it says so, and captures again', async () => {
    await follow();
    for (const pid of processes('tcpdump')) process.kill(pid, 'SIGKILL');
    await following.until('end of the capture', warns(`the capture on ${router}:lan0 ended`));
    await following.until('next capture', warns(`the capture on ${router}:lan0 goes on`));
    ping();
    expect(await stopped()).toBeGreaterThan(1);
  });

  it('when a capture is stopped: it says that nothing is seen, and when it is again', async () => {
    await follow();
    const [tcpdump] = processes('tcpdump');
    if (tcpdump === undefined) throw new Error('no tcpdump runs');
    process.kill(tcpdump, 'SIGSTOP');
    await following.until('silence', warns(`${router}:lan0 gives no answer`));
    process.kill(tcpdump, 'SIGCONT');
    await following.until('answer', warns(`${router}:lan0 answers again`));
    // Left stopped, it ends all the same.
    process.kill(tcpdump, 'SIGSTOP');
  });

  it('when it is told to end while a capture is behind: what the kernel has is read', async () => {
    await follow();
    const [tcpdump] = processes('tcpdump');
    if (tcpdump === undefined) throw new Error('no tcpdump runs');
    process.kill(tcpdump, 'SIGSTOP');
    ping();
    const packets = stopped();
    setTimeout(() => process.kill(tcpdump, 'SIGCONT'), 300);
    expect(await packets).toBeGreaterThan(1);
  });

  it('when it is killed with a capture that is stopped, which ends too', async () => {
    await follow();
    for (const pid of processes('tcpdump')) process.kill(pid, 'SIGSTOP');
    following.child.kill('SIGKILL');
    await following.ended;
    await expect.poll(() => processes('tcpdump'), { timeout: 10_000 }).toEqual([]);
  });

  it('when an interface goes away and comes back', async () => {
    await follow();
    sh(`ip -n ${router} link set lan0 down; ip -n ${router} link set lan0 up; ip -n ${router} link del lan0`);
    await following.until('end of the capture', warns(`the capture on ${router}:lan0 ended`));
    wire();
    await following.until('next capture', warns(`the capture on ${router}:lan0 goes on`));
    ping();
    expect(await stopped()).toBeGreaterThan(1);
  });

  it('when what tells of changes is killed: it is begun again, and nothing is missed', async () => {
    await follow();
    const monitors = processes('ip -o monitor');
    expect(monitors).not.toEqual([]);
    for (const pid of monitors) process.kill(pid, 'SIGKILL');
    const from = following.events.length;
    sh(`ip -n ${router} addr add 10.63.9.1/24 dev lan0`);
    const isAddress = (event: { event: string; path?: string }) =>
      event.event === 'change' && event.path?.includes('ip-addr') === true;
    await following.until('address of meanwhile', isAddress, from);
    await expect.poll(() => processes('ip -o monitor'), { timeout: 10_000 }).not.toEqual([]);
    const next = following.events.length;
    sh(`ip -n ${router} addr del 10.63.9.1/24 dev lan0`);
    await following.until('address of afterwards', isAddress, next);
  });

  it('when a namespace goes away: it isn’t kept alive, and is followed when it comes back', async () => {
    await follow();
    sh(`ip netns del ${router}`);
    await following.until(
      'end of the capture',
      warns(`the capture on ${router}:lan0 ended: its namespace is gone`),
    );
    // With the namespace the veth pair goes; its number may be the next one's.
    const hasDevice = () => spawnSync('ip', ['-n', client, 'link', 'show', 'eth0']).status === 0;
    await expect.poll(hasDevice, { timeout: 10_000 }).toBe(false);
    sh(`ip netns add ${router}; ip -n ${router} link set lo up`);
    wire();
    await following.until('next capture', warns(`the capture on ${router}:lan0 goes on`));
    ping();
    expect(await stopped()).toBeGreaterThan(1);
  });
});
