/** What `docker ps` alone tells of containers: who publishes a port, and that nobody does. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from '../cli/harness.ts';

const root = mkdtempSync(join(tmpdir(), 'nettrace-listed-'));
afterAll(() => rmSync(root, { recursive: true }));

const LISTED = (...rows: string[]) =>
  ['CONTAINER ID   IMAGE     COMMAND   CREATED       STATUS        PORTS     NAMES', ...rows].join('\n');
const RUNS = (port: number) =>
  `3f1c9d2b7a60   nginx     "/run"    2 hours ago   Up 2 hours    0.0.0.0:${port}->80/tcp, [::]:${port}->80/tcp   shop-front`;
const ENDED = '0a1b2c3d4e5f   busybox   "sh"      3 hours ago   Exited (1) 2 hours ago             old';

interface Findings {
  readonly findings: readonly {
    readonly cause: string;
    readonly title: string;
    readonly explanation: string;
    readonly evidence: readonly { readonly path: string; readonly line?: number }[];
    readonly fix?: { readonly effect: string };
  }[];
}

async function analyzed(capture: string, listing: string): Promise<Findings['findings'][number] | undefined> {
  const bundle = join(root, `${capture}-${listing.length}`);
  cpSync(`captures/${capture}/bundle`, bundle, { recursive: true });
  rmSync(join(bundle, 'docker'), { recursive: true, force: true });
  writeFileSync(join(bundle, 'docker-ps.txt'), listing);
  const { stdout } = await run(['analyze', bundle, '--format', 'json']);
  return (JSON.parse(stdout) as Findings).findings[0];
}

describe('docker ps', () => {
  it('shows that the rules of a running container are gone', async () => {
    const finding = await analyzed('docker-flushed-for-ufw', LISTED(RUNS(8080), ENDED));
    expect(finding?.cause).toBe('flt-rules-flushed');
    expect(finding?.title).toContain('shop-front');
    expect(finding?.evidence.map(({ path, line }) => [path.split('/').at(-1), line])).toContainEqual([
      'docker-ps.txt',
      2,
    ]);
  });

  it.each([
    ['of another port', LISTED(RUNS(9090))],
    ['that have ended', LISTED(ENDED)],
  ])('shows no such thing by containers %s', async (_, listing) => {
    expect((await analyzed('docker-flushed-for-ufw', listing))?.cause).toBe('flt-input-drop');
  });

  it.each([
    [
      'nobody publishes the port that a rule sends nowhere',
      LISTED(RUNS(9090)),
      'docker ps lists no running container that publishes this port.',
    ],
    ['who publishes it', LISTED(RUNS(6690)), 'docker ps lists container shop-front as publishing this port'],
  ])('says that %s', async (_, listing, text) => {
    const finding = await analyzed('dnat-to-a-ghost', listing);
    expect(finding?.cause).toBe('neigh-failed');
    expect(JSON.stringify(finding)).toContain(text);
  });
});
