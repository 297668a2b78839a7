/** What nettrace is made of is what docs/supply-chain.md says, to the last package and script; and it speaks to nobody. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const own = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>;
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const page = readFileSync('docs/supply-chain.md', 'utf8');
const nameOf = (place: string) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** First cells of the table below a heading, without their backticks. */
function documented(heading: string): string[] {
  const part = page.slice(page.indexOf(`\n## ${heading}\n`)).split(/\n## /)[1] ?? '';
  return [...part.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name).toSorted();
}

describe('packages', () => {
  it.each([
    ['What runs', ['dependencies', 'optionalDependencies']],
    ['What builds and tests', ['devDependencies']],
  ])('under “%s” each has its reason, and no other is there', (heading, kinds) => {
    expect(documented(heading)).toEqual(kinds.flatMap((kind) => Object.keys(own[kind] ?? {})).toSorted());
  });

  it('that run are imported by name, and nothing else is', () => {
    const imported = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [
        ...readFileSync(join('src', file), 'utf8').matchAll(
          /^(?:import|export) [^;]*? from '([^'.][^']*)'|import\('([^'.][^']*)'\)/gm,
        ),
      ])
      .map(([, still, moving]) => (still ?? moving ?? '').match(/^(@[^/]+\/)?[^/]+/)?.[0] ?? '')
      .filter((name) => name !== '' && !isBuiltin(name) && !name.startsWith('node:'));
    const allowed = Object.keys({ ...own.dependencies, ...own.peerDependencies, nettrace: '' });
    expect([...new Set(imported)].filter((name) => !allowed.includes(name))).toEqual([]);
  });

  it('are locked by their content, and from no place of somebody’s', () => {
    const places = Object.entries(lock.packages).filter(
      ([place, { link }]) => place.includes('node_modules/') && !link,
    );
    expect(places.length).toBeGreaterThan(100);
    for (const [place, { integrity, resolved, version }] of places) {
      expect(integrity, place).toMatch(/^sha512-/);
      expect(version, place).toMatch(/^\d+\.\d+\.\d+/);
      expect(resolved, place).toBeUndefined();
    }
  });

  it('with scripts that run at their installation are those that are named', () => {
    const scripted = Object.entries(lock.packages).flatMap(([place, { hasInstallScript }]) =>
      hasInstallScript && place !== '' ? [nameOf(place)] : [],
    );
    expect([...new Set(scripted)].toSorted()).toEqual(documented('Scripts at installation'));
    expect(Object.keys(own.allowScripts ?? {})).toEqual(expect.arrayContaining(scripted));
  });
});

it('the bill of materials has all that runs, by content, and nothing else', () => {
  const { stdout, status } = spawnSync(process.execPath, ['scripts/sbom.mjs'], { encoding: 'utf8' });
  expect(status).toBe(0);
  const bom = JSON.parse(stdout);
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1 });
  const components: {
    name: string;
    version: string;
    purl: string;
    'bom-ref': string;
    hashes: { content: string }[];
  }[] = bom.components;
  const names = components.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(Object.keys({ ...own.dependencies, ...own.optionalDependencies })),
  );
  const running = Object.entries(lock.packages)
    .filter(([place, { dev, link }]) => /^node_modules\//.test(place) && !dev && !link)
    .map(([place]) => nameOf(place));
  expect(names.filter((name) => !running.includes(name))).toEqual([]);
  for (const { name, version, purl, hashes } of components) {
    expect(purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${version}`);
    expect(hashes[0]?.content, name).toMatch(/^[0-9a-f]{128}$/);
    const integrity = lock.packages[`node_modules/${name}`]?.integrity ?? '';
    expect(Buffer.from(hashes[0]?.content ?? '', 'hex').toString('base64')).toBe(
      integrity.replace('sha512-', ''),
    );
  }
  const refs = new Set([bom.metadata.component['bom-ref'], ...components.map((each) => each['bom-ref'])]);
  expect(refs.size).toBe(components.length + 1);
  for (const { ref, dependsOn } of bom.dependencies as { ref: string; dependsOn: string[] }[])
    for (const each of [ref, ...dependsOn]) expect(refs).toContain(each);
});

const LAUNCHER = join(import.meta.dirname, '../../bin/nettrace.js');
const BUNDLE = 'captures/docker-forward-off-dnat/bundle';
const folder = mkdtempSync(join(tmpdir(), 'nettrace-safety-'));
afterAll(() => rmSync(folder, { recursive: true }));

const COMMANDS: readonly (readonly string[])[] = [
  ['analyze', BUNDLE],
  ['analyze', BUNDLE, '--format', 'html', '-o', join(folder, 'report.html')],
  ['analyze', BUNDLE, '--format', 'json', '-o', join(folder, 'analysis.json')],
  ['report', join(folder, 'analysis.json'), '-o', join(folder, 'again.html')],
  ['why', BUNDLE, '--port', '80'],
  ['topology', BUNDLE, '--format', 'svg', '-o', join(folder, 'topology.svg')],
  ['trace', BUNDLE, '--from', 'host', '--to', '8.8.8.8'],
  ['replay', BUNDLE],
  ['show', BUNDLE],
  ['lint', BUNDLE],
  ['diff', BUNDLE, BUNDLE],
  ['annotate', BUNDLE, '-o', join(folder, 'all.pcapng')],
  ['test', 'docs/examples/firewall'],
  ['explain', 'fwd-ip-forward-off'],
  ['collect', '--print-script'],
];
/** By a filter in the kernel, where strace has one, a process stops for these calls alone. */
const stracing = [['-f', '--seccomp-bpf'], ['-f']].find(
  (options) =>
    process.platform === 'linux' &&
    spawnSync('strace', [...options, '-e', 'trace=socket', 'true'], { encoding: 'utf8' }).status === 0,
);
const canTrace = stracing !== undefined;
const canLeave = spawnSync('unshare', ['-n', 'true']).status === 0;

interface Here {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly calls: string;
}

const ran = new Map<readonly string[], Here>();

/** A command once, with what it asked the kernel for where that can be seen. */
function here(words: readonly string[]): Here {
  const known = ran.get(words);
  if (known) return known;
  const log = join(folder, 'trace');
  const calls = 'trace=socket,connect,bind,sendto,sendmsg';
  const tracer = stracing ? ['strace', ...stracing, '-qq', '-o', log, '-e', calls] : [];
  const [program = '', ...rest] = [...tracer, process.execPath, LAUNCHER, ...words];
  const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8', timeout: 60_000 });
  const result = { status, stdout, stderr, calls: stracing ? readFileSync(log, 'utf8') : '' };
  ran.set(words, result);
  return result;
}

describe('no network', () => {
  it.skipIf(!canTrace).each(COMMANDS.map((words) => [words]))(
    'is asked for by %s (needs strace)',
    (words) => {
      const { status, stderr, calls } = here(words);
      expect(status, stderr).toBeLessThan(2);
      expect(
        calls.split('\n').filter((line) => /AF_(?!UNIX|LOCAL)\w+|\b(connect|bind)\(/.test(line)),
      ).toEqual([]);
    },
  );

  it.skipIf(!canTrace)('would be seen (needs strace)', () => {
    const log = join(folder, 'trace');
    const asking = "require('node:net').createServer().listen(0, '127.0.0.1', process.exit)";
    spawnSync('strace', [
      ...(stracing ?? []),
      '-qq',
      '-o',
      log,
      '-e',
      'trace=socket,connect',
      process.execPath,
      '-e',
      asking,
    ]);
    expect(readFileSync(log, 'utf8')).toMatch(/AF_INET/);
  });

  it.skipIf(!canLeave).each(COMMANDS.map((words) => [words]))(
    'is missed by %s (needs a namespace without one)',
    (words) => {
      const { status, stdout, stderr } = here(words);
      const apart = spawnSync('unshare', ['-n', process.execPath, LAUNCHER, ...words], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      const timeless = (text: string) => text.replaceAll(/\d+(\.\d+)? ?m?s\b/g, '');
      expect(apart.status).toBe(status);
      expect(timeless(apart.stdout)).toBe(timeless(stdout));
      expect(timeless(apart.stderr)).toBe(timeless(stderr));
    },
  );

  it('is spoken of by no page that is written', () => {
    for (const name of ['report.html', 'again.html', 'topology.svg']) {
      const file = join(folder, name);
      if (!existsSync(file)) continue;
      const text = readFileSync(file, 'utf8').replaceAll('http://www.w3.org/2000/svg', '');
      expect(text, name).not.toMatch(
        /(?:src|href|action|data|poster)=["']?(?:https?:)?\/\/|url\(["']?(?:https?:)?\/\/|@import/,
      );
    }
  });
});
