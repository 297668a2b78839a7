import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { expectYaml } from '../../scripts/record/lib/expect-yaml.mjs';
import { CAUSES } from '../../src/diagnose/causes.ts';

const ROOT = 'captures';
const LARGEST = 40_000;
/** Recordings of a crowd, packed; one is enough. */
const OF_A_CROWD = new Set(['healthy-busy-host']);
const LARGEST_OF_A_CROWD = 600_000;
/** The manifest is optional; these do without. */
const MANIFEST_LESS = ['masquerade-wrong-interface'];
const STATUSES = ['delivered', 'no-reply', 'dropped', 'rejected', 'degraded', 'unknown'];

const folders = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

interface Incident {
  name: string;
  title: string;
}

interface ExpectedFlow {
  protocol: string;
  client: string;
  server: string;
  port: number | null;
  status: string;
  statusAlso: string[];
  cause: string | null;
  next?: string;
  alsoAcceptable: string[];
  namespace: string | null;
  rule: { table: string; chain: string; number: number | null } | null;
  mustNot: string[];
}

interface Expectation {
  flows: ExpectedFlow[];
  note: string;
  verified: string[];
}

interface Manifest {
  format: string;
  host: string;
  collectedAt: string;
  namespaces: { name: string; inode: number }[];
  files: { path: string; namespace: string; interface?: string; command: string }[];
}

function json<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(folder, file)).isFile())
    .sort();
}

describe.each(folders)('captures/%s', (name) => {
  const folder = join(ROOT, name);
  const files = filesIn(folder);

  it('has a bundle, its truth, a case and a page', () => {
    expect(readdirSync(folder).sort()).toEqual(['README.md', 'bundle', 'expect.json', 'expect.yaml']);
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toMatch(new RegExp(`^# ${name}\n`));
    expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(`[${name}](${name}/README.md)`);
  });

  it('holds only small files, and none of the machine it was recorded on', () => {
    for (const file of files) {
      expect(statSync(join(folder, file)).size, file).toBeLessThan(
        OF_A_CROWD.has(name) ? LARGEST_OF_A_CROWD : LARGEST,
      );
      expect(statSync(join(folder, file)).mode & 0o111, file).toBe(0);
      expect(readFileSync(join(folder, file), 'latin1'), file).not.toMatch(/\/(work|home|root|tmp)\//);
    }
  });

  it('holds JSON that parses', () => {
    for (const file of files.filter((path) => path.endsWith('.json'))) {
      expect(() => json<unknown>(join(folder, file)), file).not.toThrow();
    }
  });

  it('says the truth of at least one flow', () => {
    const { flows, note, verified } = json<Expectation>(join(folder, 'expect.json'));
    expect(note).not.toBe('');
    expect(verified.length).toBeGreaterThan(1);
    expect(flows.length).toBeGreaterThan(0);
    for (const flow of flows) {
      expect(STATUSES).toEqual(expect.arrayContaining([flow.status, ...flow.statusAlso]));
      expect(flow.mustNot).not.toContain(flow.cause);
      for (const other of flow.alsoAcceptable) expect(flow.mustNot).not.toContain(other);
      if (flow.cause === null && flow.status !== 'delivered')
        throw new Error(`${flow.status} without a cause`);
      expect(/^(tcp|udp)$/.test(flow.protocol)).toBe(flow.port !== null);
    }
  });

  it('has a case that expects that truth, and says why where it expects more', () => {
    const [truth, own] = [
      expectYaml(json(join(folder, 'expect.json'))),
      readFileSync(join(folder, 'expect.yaml'), 'utf8'),
    ];
    const told = parse(own) as Record<string, unknown[]>;
    const recorded = parse(truth) as Record<string, unknown>;
    for (const [key, rows] of Object.entries(recorded)) {
      if (Array.isArray(rows)) expect(told[key]).toEqual(expect.arrayContaining(rows));
      else if (told[key] !== rows) expect(own).toMatch(new RegExp(`^${key}:\\n {2}# `, 'm'));
    }
  });

  it('has a manifest that names what is there, or none', () => {
    const roots = files
      .filter((file) => file.endsWith('/manifest.json'))
      .map((file) => file.slice(0, -'/manifest.json'.length));
    if (roots.length === 0) expect(MANIFEST_LESS).toContain(name);
    const hosts = roots.map((root) => json<Manifest>(join(folder, root, 'manifest.json')).host);
    // Of several hosts each has its folder, named as itself.
    if (roots.length > 1) expect(roots).toEqual(hosts.map((host) => `bundle/${host}`));
    for (const root of roots) {
      const manifest = json<Manifest>(join(folder, root, 'manifest.json'));
      expect(manifest.format).toBe('nettrace-bundle/1');
      expect(manifest.collectedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const names = manifest.namespaces.map((namespace) => namespace.name);
      const captures = files.filter((file) => file.startsWith(`${root}/captures/`));
      expect(manifest.files.map(({ path }) => `${root}/${path}`).sort()).toEqual(captures);
      for (const file of manifest.files) expect(names).toContain(file.namespace);
      const dumps = join(folder, root, 'namespaces');
      const dumped = existsSync(dumps) ? readdirSync(dumps) : [];
      expect(names).toEqual(expect.arrayContaining(dumped));
    }
  });
});

describe('the recorder', () => {
  it('knows every bundle, and each of its incidents has one', async () => {
    const path = pathToFileURL('scripts/record/incidents/index.mjs').href;
    const { incidents } = (await import(path)) as { incidents: Incident[] };
    expect(incidents.map((incident) => incident.name).sort()).toEqual([...folders].sort());
    expect(incidents.length).toBeGreaterThanOrEqual(24);
  });
});

describe.runIf(existsSync('../shared/causes.md'))('the truths', () => {
  it('name causes of the catalogue, or of those that it has no word for', () => {
    const catalogue = readFileSync('../shared/causes.md', 'utf8');
    const own = new Set(CAUSES.map(({ id }) => id));
    for (const name of folders) {
      for (const flow of json<Expectation>(join(ROOT, name, 'expect.json')).flows) {
        const named = [flow.cause, flow.next, ...flow.alsoAcceptable, ...flow.mustNot];
        for (const cause of named.filter((id) => typeof id === 'string')) {
          expect(own.has(cause) || catalogue.includes(`**${cause}**`), `${name}: ${cause}`).toBe(true);
        }
      }
    }
  });
});

describe('rulesets', () => {
  const files = readdirSync('rulesets').filter((file) => file.endsWith('.rules'));
  const page = readFileSync('rulesets/README.md', 'utf8');
  it.each(files)('%s is on the page, and each of its tables ends', (file) => {
    const text = readFileSync(join('rulesets', file), 'utf8');
    expect(page).toContain(`[${file}](${file})`);
    expect(existsSync(join('rulesets', file.replace('.rules', '.expect.yaml')))).toBe(true);
    expect(text.match(/^COMMIT$/gm)).toHaveLength(text.match(/^\*/gm)?.length ?? 0);
    expect(text).toMatch(/^COMMIT\n$/m);
  });
});
