/** What a collection needs dies, hangs or goes away meanwhile: the bundle has the rest, and says what it lacks. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Following, sh } from '../live/following.ts';
import { isRoot, LAUNCHER, namesIn, nettrace, scratch } from './program.ts';

const TOOLS = ['ip', 'nsenter', 'tcpdump', 'timeout', 'ping', 'tar'];
const possible =
  isRoot &&
  TOOLS.every((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0) &&
  spawnSync('unshare', ['--net', 'true']).status === 0;
const hasDocker = spawnSync('sh', ['-c', 'command -v docker']).status === 0;
const [router, client] = ['r', 'c'].map((letter) => `fc${process.pid}${letter}`) as [string, string];

interface Manifest {
  readonly missing: readonly { readonly what: string; readonly reason: string }[];
  readonly files: readonly { readonly path: string; readonly packets?: number }[];
}

describe.skipIf(!possible)('collect goes on (needs root, network namespaces and tcpdump)', () => {
  let place: ReturnType<typeof scratch>;
  beforeAll(() => {
    place = scratch();
  });
  afterAll(() => place.remove());
  beforeEach(() =>
    sh(`
    for ns in ${router} ${client}; do ip netns add $ns; ip -n $ns link set lo up; done
    ip link add eth0 netns ${client} type veth peer name lan0 netns ${router}
    ip -n ${client} addr add 10.64.1.2/24 dev eth0; ip -n ${client} link set eth0 up
    ip -n ${router} addr add 10.64.1.1/24 dev lan0; ip -n ${router} link set lan0 up
  `),
  );
  afterEach(() => {
    for (const name of [router, client]) spawnSync('ip', ['netns', 'del', name]);
  });

  /** A capture that a packet came to, to which something happens; it would last an hour. */
  async function captured(happens: (tcpdump: number, collect: ChildProcess) => void) {
    const target = join(place.folder, 'out.tar.gz');
    rmSync(target, { force: true });
    const words = [
      'collect',
      '--only',
      router,
      '--capture',
      `${router}:lan0`,
      '--duration',
      '1h',
      '-o',
      target,
    ];
    const child = spawn(process.execPath, [LAUNCHER, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    await new Promise<void>((resolve, reject) => {
      let said = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('capturing')) resolve();
      });
      void ended.then(() => reject(new Error(said)));
    });
    sh(`ip netns exec ${client} ping -qc 2 -i 0.2 -W 1 10.64.1.1 >/dev/null`);
    const { ino } = statSync(`/run/netns/${router}`);
    const tcpdump = readdirSync('/proc').find((pid) => {
      try {
        return (
          statSync(`/proc/${pid}/ns/net`).ino === ino &&
          readFileSync(`/proc/${pid}/comm`, 'latin1') === 'tcpdump\n'
        );
      } catch {
        return false;
      }
    });
    // What was captured is handed over after a second.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    if (tcpdump === undefined) throw new Error('no tcpdump runs');
    happens(Number(tcpdump), child);
    const status = await ended;
    const left = namesIn(place.folder);
    const folder = join(place.folder, 'unpacked');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    sh(`tar -xzf ${target} -C ${folder}`);
    const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'out/manifest.json'), 'utf8'));
    rmSync(folder, { recursive: true });
    const capture = manifest.files.find(({ path }) => path.endsWith('lan0.pcap'));
    expect(capture?.packets).toBeGreaterThanOrEqual(4);
    expect(left).toEqual(['out.tar.gz']);
    const { status: read, stderr } = nettrace(['show', '--format', 'count', target]);
    expect([read, stderr]).toEqual([0, '']);
    return { status, missing: manifest.missing.map(({ what, reason }) => `${what}: ${reason}`).join('\n') };
  }

  it('when a capture is killed: its packets are there, and that it ended', async () => {
    const { status, missing } = await captured((tcpdump) => process.kill(tcpdump, 'SIGKILL'));
    expect([status, missing]).toEqual([1, expect.stringContaining(`the capture on ${router}:lan0: `)]);
  });

  it('when a capture is stopped and it is told to end: nothing waits for ever', async () => {
    const { status } = await captured((tcpdump, collect) => {
      process.kill(tcpdump, 'SIGSTOP');
      collect.kill('SIGINT');
    });
    expect([0, 1]).toContain(status);
  });

  it('when an interface goes away', async () => {
    const { status, missing } = await captured(() => sh(`ip -n ${router} link del lan0`));
    expect([status, missing]).toEqual([1, expect.stringContaining(`the capture on ${router}:lan0: `)]);
  });

  it('when a namespace goes away: its packets are there, and what could not be read any more', async () => {
    const { status, missing } = await captured((_, collect) => {
      sh(`ip netns del ${router}`);
      collect.kill('SIGINT');
    });
    expect([status, missing]).toEqual([1, expect.stringContaining('the rest: it went away meanwhile')]);
  });
});

describe.skipIf(!possible || !hasDocker)(
  'an engine that takes questions and gives no answer (needs root and docker.io)',
  () => {
    let place: ReturnType<typeof scratch>;
    let server: Server;
    let questions = 0;
    beforeAll(async () => {
      place = scratch();
      server = createServer((socket) => {
        questions++;
        socket.on('error', () => {});
      });
      await new Promise<void>((resolve) => server.listen(join(place.folder, 'docker.sock'), resolve));
      process.env.DOCKER_HOST = `unix://${place.folder}/docker.sock`;
    });
    afterAll(() => {
      delete process.env.DOCKER_HOST;
      server.close();
      place.remove();
    });

    it('is waited for twenty seconds; the rest is gathered and followed', { timeout: 120_000 }, async () => {
      const target = join(place.folder, 'out.tar.gz');
      const collect = spawn(process.execPath, [LAUNCHER, 'collect', '--only', 'host', '-o', target]);
      let said = '';
      collect.stdout.on('data', (text) => {
        said += String(text);
      });
      const ended = new Promise((resolve) => collect.on('close', resolve));
      const following = new Following(['host'], ['-i', 'lo']);
      const begin = await following.until('begin', ({ event }) => event === 'begin');
      expect(begin).toMatchObject({ missing: [{ what: 'containers', reason: 'docker: no answer in 20 s' }] });
      following.child.kill('SIGTERM');
      expect(await following.ended).toBe(0);
      expect(await ended).toBe(1);
      expect(said).toContain('docker: no answer in 20 s');
      expect(questions).toBeGreaterThan(1);
    });

    it('keeps nobody waiting who wants to end', { timeout: 60_000 }, async () => {
      questions = 0;
      const following = new Following(['host'], ['-i', 'lo']);
      await expect.poll(() => questions, { timeout: 20_000 }).toBeGreaterThan(0);
      const begun = performance.now();
      following.child.kill('SIGTERM');
      expect(await following.ended).toBe(0);
      // It would wait for twenty seconds.
      expect(performance.now() - begun).toBeLessThan(15_000);
    });
  },
);
