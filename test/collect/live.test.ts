/**
 * A real host, in a sandbox, collected by nettrace and by its script: the bundle is whole and read without a warning, the host is as it was,
 * and what was played is found in it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../src/input/manifest.ts';
import { run } from '../cli/harness.ts';

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Bundle {
  readonly files: readonly string[];
  readonly texts: Readonly<Record<string, string>>;
  readonly mode: string;
  readonly archive: string;
}

interface Results {
  readonly error?: string;
  readonly whole: Bundle & { readonly ended: Ended; readonly changes: readonly string[] };
  readonly scripts: {
    readonly changes: readonly string[];
    readonly node: Bundle;
    readonly results: Readonly<Record<string, Bundle & { readonly ended: Ended }>>;
  };
  readonly alone: Bundle & { readonly ended: Ended };
  readonly scriptCapture: Bundle & { readonly ended: Ended };
  readonly interrupted: Readonly<
    Record<
      string,
      Partial<Bundle> & {
        readonly ended: Ended;
        readonly times: number;
        readonly left: readonly string[];
        readonly drafts: readonly string[];
        readonly written: boolean;
      }
    >
  >;
  readonly nobody: Bundle & { readonly ended: Ended };
  readonly own: Bundle & { readonly ended: Ended };
}

const TOOLS =
  'dockerd docker unshare nsenter setpriv ip iptables iptables-legacy nft ipset tcpdump conntrack busybox dash python3';
const possible =
  process.getuid?.() === 0 &&
  TOOLS.split(' ').every((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0);

describe.skipIf(!possible)('collect on a real host (needs root and docker.io)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nettrace-collect-live-'));
  let results: Results;

  beforeAll(async () => {
    let log = '';
    const child = spawn(process.execPath, ['test/collect/play.mjs', folder]);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
    await new Promise((done) => child.on('close', done));
    const path = join(folder, 'results.json');
    if (!existsSync(path)) throw new Error(log);
    results = JSON.parse(readFileSync(path, 'utf8')) as Results;
    if (results.error !== undefined) throw new Error(results.error);
  }, 14 * 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const analyse = (bundle: Pick<Bundle, 'archive'> | undefined) =>
    run(['analyze', join(folder, bundle?.archive ?? ''), '--format', 'json']);

  it('gathers every namespace, its own and by container, and the engine', async () => {
    const { ended, files, mode, texts } = results.whole;
    expect(ended.status, ended.stdout + ended.stderr).toBe(0);
    expect(mode).toBe('600');
    const manifest = JSON.parse(texts['manifest.json'] ?? '');
    expect(readManifest('', texts['manifest.json'] ?? '').issues).toEqual([]);
    expect(manifest.host).toBe('node-1');
    expect(manifest.missing).toEqual([]);
    const names = manifest.namespaces.map(({ name }: { name: string }) => name.replace(/-\d+$/, ''));
    expect(names.toSorted()).toEqual(['blue', 'host', 'red', 'sleep', 'web']);
    for (const name of ['host', 'red', 'blue', 'web'])
      for (const file of [
        'ip-addr.json',
        'ip-route.json',
        'iptables-save.txt',
        'nft-ruleset.json',
        'sysctl.txt',
        'ss.txt',
        'conntrack.txt',
        'nstat.txt',
      ])
        expect(files).toContain(`namespaces/${name}/${file}`);
    expect(files).toContain('docker/containers.json');
    expect(files).toContain('docker/networks.json');
    expect(files).toContain('captures/red/eth0.pcap');
  });

  it('reads the legacy tables where they are in use, and makes none elsewhere', () => {
    const { files, texts } = results.whole;
    expect(texts['namespaces/blue/iptables-legacy-save.txt']).toMatch(/--dport 99 -j DROP/);
    expect(files.filter((file) => /legacy-save[.]txt/.test(file))).toEqual([
      'namespaces/blue/iptables-legacy-save.txt',
    ]);
  });

  it('leaves passwords of containers where they are', () => {
    const all = Object.entries(results.whole.texts).filter(([file]) => file !== 'processes.txt');
    expect(all.filter(([, text]) => /hunter\d/.test(text)).map(([file]) => file)).toEqual([]);
  });

  it('leaves the host as it was', () => {
    expect(results.whole.changes).toEqual([]);
    expect(results.scripts.changes).toEqual([]);
  });

  it('captures an incident that is found in the bundle, without a warning', async () => {
    const analysed = await analyse(results.whole);
    expect(analysed.stderr).toBe('');
    const { findings, warnings } = JSON.parse(analysed.stdout);
    expect(warnings).toEqual([]);
    expect(findings.map(({ cause }: { cause: string }) => cause)).toEqual(['fwd-ip-forward-off']);
  });

  it.each(['dash', 'busybox'])('the script under %s gives the same bundle', async (shell) => {
    const { node, results: played } = results.scripts;
    const bundle = played[shell];
    expect(bundle?.ended.status, `${bundle?.ended.stdout}${bundle?.ended.stderr}`).toBe(0);
    expect(bundle?.mode).toBe('600');
    expect(bundle?.files).toEqual(node.files);
    for (const file of node.files.filter(
      (each) =>
        /(route|rule|vlan|link)[.]json$|sysctl|networks|containers|(ip6?tables|ipset)[\w-]*save|nft|hosts|resolv/.test(
          each,
        ) && !/ip-link/.test(each),
    ))
      expect(steady(bundle?.texts[file] ?? ''), file).toEqual(steady(node.texts[file] ?? ''));
    const [own, other] = [bundle?.texts['manifest.json'], node.texts['manifest.json']].map((text) =>
      JSON.parse(text ?? ''),
    );
    expect(readManifest('', bundle?.texts['manifest.json'] ?? '').issues).toEqual([]);
    expect(own.namespaces).toEqual(other.namespaces);
    expect(own.tools).toEqual(other.tools);
    expect(commandsOf(own)).toEqual(commandsOf(other));
    expect(JSON.parse((await analyse(bundle)).stdout).warnings).toEqual([]);
  });

  it('the script captures an incident, too', async () => {
    const { ended } = results.scriptCapture;
    expect(ended.status, ended.stdout + ended.stderr).toBe(0);
    const { findings, warnings } = JSON.parse((await analyse(results.scriptCapture)).stdout);
    expect(warnings).toEqual([]);
    expect(findings.map(({ cause }: { cause: string }) => cause)).toEqual(['fwd-ip-forward-off']);
  });

  it('the script gathers what there is where there is nothing but busybox', async () => {
    const { ended, files, texts } = results.alone;
    expect(ended.status).toBe(1);
    expect(ended.stdout).toMatch(/Not in it\n {2}.*busybox's can't/s);
    expect(JSON.parse((await analyse(results.alone)).stdout).warnings).toEqual([]);
    for (const file of ['ip-addr.txt', 'ip-route.txt', 'sysctl.txt', 'resolv.conf'])
      expect(files).toContain(`namespaces/host/${file}`);
    expect(texts['namespaces/host/resolv.conf']).toBe('nameserver 192.0.2.53\n');
  });

  it('ends early with a whole bundle, and leaves nothing behind when it is told twice', async () => {
    for (const [name, { ended, times, left, drafts, written, archive = '' }] of Object.entries(
      results.interrupted,
    )) {
      expect([name, left, drafts]).toEqual([name, [], []]);
      expect([name, written, ended.status]).toEqual([name, times === 1, times === 1 ? 0 : 130]);
      if (times === 1)
        expect([name, JSON.parse((await analyse({ archive })).stdout).warnings]).toEqual([name, []]);
    }
  });

  it('gathers what anybody may see, and says what it may not', async () => {
    const { ended, files } = results.nobody;
    expect(ended.status).toBe(1);
    expect(ended.stdout).toMatch(/only root enters other namespaces/);
    expect(files).toContain('namespaces/host/ip-addr.json');
    expect(files.some((file) => file.startsWith('namespaces/red/'))).toBe(false);
    expect(JSON.parse((await analyse(results.nobody)).stdout).warnings).toEqual([]);
  });

  it('takes the namespace it runs in for the host, when it is told so', async () => {
    const { ended, texts } = results.own;
    expect(ended.status, ended.stdout + ended.stderr).toBe(0);
    expect(texts['namespaces/host/ip-addr.json']).toMatch(/10[.]66[.]0[.]2/);
    expect(JSON.parse((await analyse(results.own)).stdout).findings).toEqual([]);
  });
});

/** Without what moves by itself: counters, times, the order in which a hash gives its lines. */
function steady(text: string): string[] {
  return text
    .replace(/^#.*$/gm, '')
    .replace(/\[\d+:\d+\]/g, '[]')
    .replace(/"(packets|bytes|expires|handle|index)": ?\d+/g, '')
    .replace(/\d+sec\b/g, '')
    .split('\n')
    .filter((line) => !/nf_conntrack_count|fastopen_key|stable_secret/.test(line))
    .toSorted();
}

function commandsOf({ files }: { files: { path: string; command: string }[] }): string[] {
  return files.map(({ path, command }) => `${path} ${command}`).toSorted();
}
