import { execFileSync } from 'node:child_process';
import { linkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { scanCapture } from '../../src/capture/scan.ts';
import { unreadable } from '../../src/input/directory.ts';
import type { InputSet } from '../../src/input/input.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { ADDRESSES, directoryOf, PCAP, ROUTES, RULES } from './files.ts';
import { tarOf } from './tar.ts';

/** `red eth0 argument a.pcap`, `red ip-route file-name red-routes.txt`: what was found, without the directory. */
function summary(inputs: InputSet, root: string): string[] {
  const short = (path: string): string => path.replace(`${root}/`, '');
  return [
    ...inputs.captures.map((c) => `${c.namespace ?? '?'} ${c.interface ?? '?'} ${c.by} ${short(c.path)}`),
    ...inputs.dumps.map((d) => `${d.namespace} ${d.dump.format} ${d.by} ${short(d.dump.path)}`),
  ];
}

function codes(inputs: InputSet): string[] {
  return inputs.issues.map((issue) => `${issue.severity} ${issue.code}`);
}

describe('placing', () => {
  const root = directoryOf({
    'br0.pcap': PCAP,
    'red.eth0.pcap': PCAP,
    'eth0.100.pcap': PCAP,
    'eth1.pcapng.gz': gzipSync(PCAP),
    'a-name-too-long-for-a-device.pcap': PCAP,
    'odd:br0=x.pcap': PCAP,
    'routes.txt': ROUTES,
    'red-routes.txt': ROUTES,
    'addr.json': '[{"ifindex":1,"ifname":"lo","flags":["UP"],"addr_info":[]}]',
    'packed.gz': gzipSync(RULES),
  });
  const cases: [string, string[], string[]][] = [
    ['interface by file name', ['br0.pcap'], ['? br0 file-name br0.pcap']],
    ['namespace and interface by file name', ['red.eth0.pcap'], ['red eth0 file-name red.eth0.pcap']],
    ['a VLAN device is no namespace', ['eth0.100.pcap'], ['? eth0.100 file-name eth0.100.pcap']],
    ['a packed capture', ['eth1.pcapng.gz'], ['? eth1 file-name eth1.pcapng.gz']],
    [
      'a name that is no interface',
      ['a-name-too-long-for-a-device.pcap'],
      ['? ? assumed a-name-too-long-for-a-device.pcap'],
    ],
    ['an argument', ['blue:veth7=br0.pcap'], ['blue veth7 argument br0.pcap']],
    ['an argument without interface', ['blue:=br0.pcap'], ['blue ? argument br0.pcap']],
    ['a dump of a namespace', ['blue:=routes.txt'], ['blue ip-route argument routes.txt']],
    ['a dump without place', ['routes.txt'], ['host ip-route assumed routes.txt']],
    [
      'a name that begins with no known namespace',
      ['red-routes.txt'],
      ['host ip-route assumed red-routes.txt'],
    ],
    [
      'a name that begins with a known namespace',
      ['red-routes.txt', 'red.eth0.pcap'],
      ['red eth0 file-name red.eth0.pcap', 'red ip-route file-name red-routes.txt'],
    ],
    ['a packed dump', ['packed.gz'], ['host iptables-save assumed packed.gz']],
    ['JSON', ['addr.json'], ['host ip-addr-json assumed addr.json']],
  ];
  it.each(cases)('%s', async (_, words, expected) => {
    const given = words.map((word) => word.replace(/[^=]*$/, (file) => join(root, file)));
    const inputs = await resolveInputs(given);
    expect(summary(inputs, root)).toEqual(expected);
    expect(inputs.issues).toEqual([]);
  });

  it('takes a word that exists as a file for that file, whatever its characters', async () => {
    const inputs = await resolveInputs([join(root, 'odd:br0=x.pcap')]);
    expect(inputs.captures.map((capture) => capture.path)).toEqual([join(root, 'odd:br0=x.pcap')]);
    expect(inputs.captures[0]?.by).not.toBe('argument');
  });

  it('does not take a path with a colon behind a slash for a placement', async () => {
    const inputs = await resolveInputs(['/tmp/no:such=file.pcap', 'C:\\captures\\a=b.pcap']);
    expect(inputs.issues.map((issue) => issue.path)).toEqual([
      '/tmp/no:such=file.pcap',
      'C:\\captures\\a=b.pcap',
      undefined,
    ]);
  });
});

describe('a bundle', () => {
  const files = {
    'manifest.json': JSON.stringify({
      format: 'nettrace-bundle/1',
      host: 'm7',
      collectedAt: '2026-11-21T10:00:00Z',
      namespaces: [{ name: 'red', netnsid: 3 }],
      files: [{ path: 'extra/wire.pcap', namespace: 'red', interface: 'eth9' }],
    }),
    'namespaces/host/ip-addr.txt': ADDRESSES,
    'namespaces/host/iptables-save.txt': '',
    'namespaces/host/conntrack.txt': '',
    'namespaces/red/ip-route.txt': ROUTES,
    'captures/host/br0.pcap': PCAP,
    'captures/red/eth0.pcap.gz': gzipSync(PCAP),
    'extra/wire.pcap': PCAP,
    'README.md': '# what happened\n',
  };
  const expected = [
    'host br0 bundle captures/host/br0.pcap',
    'red eth0 bundle captures/red/eth0.pcap.gz',
    'red eth9 manifest extra/wire.pcap',
    'host conntrack bundle namespaces/host/conntrack.txt',
    'host ip-addr bundle namespaces/host/ip-addr.txt',
    'host iptables-save bundle namespaces/host/iptables-save.txt',
    'red ip-route bundle namespaces/red/ip-route.txt',
  ];
  const root = directoryOf(files);
  const entries = Object.entries(files).map(([name, content]) => ({ name, content }));
  const packed = directoryOf({
    'b.tar.gz': gzipSync(tarOf(entries)),
    'b.tar': tarOf(entries.map((entry) => ({ ...entry, name: `./incident-7/${entry.name}` }))),
    'plain-name': gzipSync(tarOf(entries)),
  });

  it('is read from a directory', async () => {
    const inputs = await resolveInputs([root]);
    expect(inputs.issues).toEqual([]);
    expect(summary(inputs, root).sort()).toEqual([...expected].sort());
    expect(inputs.manifest?.host).toBe('m7');
    expect(inputs.dumps.map((dump) => dump.time)).toEqual(
      inputs.dumps.map(() => Date.parse('2026-11-21T10:00:00Z') / 1000),
    );
  });

  it.each([
    ['b.tar.gz', 'b.tar.gz'],
    ['b.tar', 'b.tar/incident-7'],
    ['plain-name', 'plain-name'],
  ])('is read from %s, with the inner paths shown', async (file, shown) => {
    const inputs = await resolveInputs([join(packed, file)]);
    expect(inputs.issues).toEqual([]);
    expect(summary(inputs, `${packed}/${shown}`).sort()).toEqual([...expected].sort());
    for (const capture of inputs.captures) {
      const scanned = await scanCapture(capture.open(), () => {});
      expect(scanned.format).toBe('pcap');
    }
  });

  it('keeps what is good of a truncated archive', async () => {
    const whole = tarOf(entries);
    const cut = directoryOf({ 'cut.tgz': gzipSync(whole.subarray(0, whole.length - 1700)) });
    const inputs = await resolveInputs([join(cut, 'cut.tgz')]);
    expect(inputs.dumps.length).toBeGreaterThan(2);
    expect(codes(inputs)).toContain('warning archive-damaged');
  });

  it('warns of a manifest that does not fit and goes on without it', async () => {
    const bad = directoryOf({
      ...files,
      'manifest.json': '{"format":"nettrace-bundle/1","namespaces":[{"name":"red","pid":"x"}]}',
    });
    const inputs = await resolveInputs([bad]);
    expect(inputs.manifest).toBeUndefined();
    expect(inputs.issues).toMatchObject([
      { severity: 'warning', code: 'manifest-invalid', text: expect.stringContaining('/namespaces/0/pid') },
    ]);
    expect(summary(inputs, bad)).toContain('? wire file-name extra/wire.pcap');
  });

  it('reports files that the manifest lists and the bundle lacks', async () => {
    const { 'extra/wire.pcap': _, ...rest } = files;
    const inputs = await resolveInputs([directoryOf(rest)]);
    expect(codes(inputs)).toEqual(['warning manifest-file-missing']);
  });
});

describe('a directory that is no bundle', () => {
  it('gives every file by its content', async () => {
    const root = directoryOf({ 'caps/br0.pcap': PCAP, 'r.txt': ROUTES, 'sub/deep/rules': RULES });
    const inputs = await resolveInputs([root]);
    expect(summary(inputs, root)).toEqual([
      '? br0 file-name caps/br0.pcap',
      'host ip-route assumed r.txt',
      'host iptables-save assumed sub/deep/rules',
    ]);
  });

  it('takes sibling folders with addresses each for namespaces', async () => {
    const root = directoryOf({
      'host/addr': ADDRESSES,
      'left/addr': ADDRESSES.replaceAll('10.7.0.2', '10.7.0.3'),
      'left/routes': ROUTES,
    });
    const inputs = await resolveInputs([root]);
    expect(inputs.dumps.map((dump) => dump.namespace)).toEqual(['host', 'left', 'left']);
  });

  it('takes the folders beside one called host for namespaces', async () => {
    const root = directoryOf({
      'caps/host/eth0.pcap': PCAP,
      'caps/red/eth0.pcap.gz': gzipSync(PCAP),
      'caps/red/notes': ROUTES,
    });
    const inputs = await resolveInputs([root]);
    expect(summary(inputs, `${root}/caps`)).toEqual([
      'host eth0 file-name host/eth0.pcap',
      'red eth0 file-name red/eth0.pcap.gz',
      'red ip-route file-name red/notes',
    ]);
  });

  it('does not take before/ and after/ for namespaces of captures', async () => {
    const root = directoryOf({ 'before/eth0.pcap': PCAP, 'after/eth0.pcap': PCAP });
    const inputs = await resolveInputs([root]);
    expect(inputs.captures.map((capture) => capture.namespace)).toEqual([undefined, undefined]);
  });

  it('takes one folder for no namespace', async () => {
    const root = directoryOf({ 'dumps/addr': ADDRESSES, 'dumps/routes': ROUTES });
    const inputs = await resolveInputs([root]);
    expect(inputs.dumps.map((dump) => dump.namespace)).toEqual(['host', 'host']);
  });

  it('follows no link that leads out of it, and opens no pipe', async () => {
    const outside = directoryOf({ 'secret.txt': ROUTES });
    const root = directoryOf({ 'routes.txt': ROUTES, 'real/rules': RULES });
    symlinkSync(join(outside, 'secret.txt'), join(root, 'leak.txt'));
    symlinkSync(outside, join(root, 'folder'));
    symlinkSync(join(root, 'real/rules'), join(root, 'again'));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    const inputs = await resolveInputs([root]);
    expect(codes(inputs).sort()).toEqual([
      'warning input-twice',
      'warning link-not-followed',
      'warning link-not-followed',
      'warning not-a-file',
    ]);
    expect(inputs.dumps.map((dump) => dump.dump.format).sort()).toEqual(['ip-route', 'iptables-save']);
  });
});

describe('bad input', () => {
  const root = directoryOf({
    'empty.txt': '',
    'blank.txt': ' \n\n',
    'prose.txt': 'Dear diary, the network is down again.\n',
    'binary.bin': Buffer.from([0, 1, 2, 3, 255, 254, 0, 0, 7]),
    'a.zip': Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(64)]),
    'routes.txt': ROUTES,
    'empty.gz': gzipSync(''),
    'cut.gz': gzipSync(RULES.repeat(50)).subarray(0, 120),
    'nothing/notes.txt': 'nothing to see\n',
  });
  const cases: [string, string[], string[], number][] = [
    ['a missing file', ['gone.pcap'], ['error input-missing', 'error nothing-usable'], 0],
    [
      'a missing file of a placement',
      ['red:eth0=gone.pcap'],
      ['error input-missing', 'error nothing-usable'],
      0,
    ],
    ['an empty file', ['empty.txt', 'routes.txt'], ['error input-empty'], 1],
    ['a blank file', ['blank.txt', 'routes.txt'], ['error input-empty'], 1],
    ['an empty packed file', ['empty.gz', 'routes.txt'], ['error input-empty'], 1],
    ['a text that is no dump', ['prose.txt', 'routes.txt'], ['error input-unknown'], 1],
    ['binary data', ['binary.bin', 'routes.txt'], ['error input-unknown'], 1],
    ['a zip archive', ['a.zip', 'routes.txt'], ['error input-unknown'], 1],
    ['the same file twice', ['routes.txt', 'routes.txt'], ['warning input-twice'], 1],
    [
      'a directory without anything usable',
      ['nothing'],
      ['warning input-unknown', 'error container-unusable', 'error nothing-usable'],
      0,
    ],
    [
      'such a directory beside something usable',
      ['nothing', 'routes.txt'],
      ['warning input-unknown', 'error container-unusable'],
      1,
    ],
    ['standard input without one', ['-', 'routes.txt'], ['error stdin'], 1],
  ];
  it.each(cases)('%s', async (_, words, expected, dumps) => {
    const given = words.map((word) =>
      word === '-' ? word : word.replace(/[^=]*$/, (file) => join(root, file)),
    );
    const inputs = await resolveInputs(given);
    expect(codes(inputs)).toEqual(expected);
    expect(inputs.dumps.length).toBe(dumps);
  });

  it('only warns of what it does not know when told so', async () => {
    const words = ['empty.txt', 'prose.txt', 'binary.bin', 'routes.txt'].map((file) => join(root, file));
    const inputs = await resolveInputs(words, { ignoreUnknown: true });
    expect(new Set(inputs.issues.map((issue) => issue.severity))).toEqual(new Set(['warning']));
    expect(inputs.dumps.length).toBe(1);
  });

  it('reads what a truncated gzip still has', async () => {
    const inputs = await resolveInputs([join(root, 'cut.gz')]);
    expect(codes(inputs)).toContain('warning gzip-truncated');
  });

  it.each([
    ['ENOENT', 'input-missing', 'no such file'],
    ['ENOTDIR', 'input-missing', 'no such file'],
    ['EACCES', 'input-unreadable', 'permission denied'],
    ['EIO', 'input-unreadable', 'broken disk'],
  ])('says what %s means', (code, name, text) => {
    const issue = unreadable('x.pcap', Object.assign(new Error('broken disk'), { code }));
    expect(issue).toMatchObject({ severity: 'error', code: name, path: 'x.pcap' });
    expect(issue.text).toContain(text);
  });

  it('refuses a dump that is longer than the limit, by name', async () => {
    const inputs = await resolveInputs([join(root, 'routes.txt')], { limits: { dumpBytes: 50 } });
    expect(inputs.issues[0]).toMatchObject({ code: 'limit-dump-bytes', path: join(root, 'routes.txt') });
  });

  it('counts hard links and other names of a file as that file', async () => {
    linkSync(join(root, 'routes.txt'), join(root, 'same.txt'));
    const inputs = await resolveInputs([join(root, 'routes.txt'), join(root, 'same.txt')]);
    expect(codes(inputs)).toEqual(['warning input-twice']);
  });

  it('prefers the placement of an argument to that of a directory', async () => {
    const bundle = directoryOf({ 'captures/host/br0.pcap': PCAP });
    const inputs = await resolveInputs([bundle, `red:eth5=${bundle}/captures/host/br0.pcap`]);
    expect(inputs.captures).toMatchObject([{ namespace: 'red', interface: 'eth5', by: 'argument' }]);
  });
});

describe('archives', () => {
  const pack = (...entries: Parameters<typeof tarOf>[0]): string =>
    join(directoryOf({ 'x.tgz': gzipSync(tarOf(entries)) }), 'x.tgz');
  const good = { name: 'namespaces/host/ip-route.txt', content: ROUTES };

  it.each([
    ['a path that climbs out', { name: '../../etc/passwd', content: ROUTES }, 'archive-path-outside'],
    ['an inner path that climbs', { name: 'namespaces/../../x', content: ROUTES }, 'archive-path-outside'],
    ['an absolute path', { name: '/etc/hosts', content: ROUTES }, 'archive-path-outside'],
    ['a drive', { name: 'C:/x.txt', content: ROUTES }, 'archive-path-outside'],
    [
      'a symbolic link',
      { name: 'namespaces/host/ip-addr.txt', type: '2', linkname: '/etc/passwd' },
      'archive-not-a-file',
    ],
    [
      'a hard link',
      { name: 'namespaces/host/ip-addr.txt', type: '1', linkname: '/etc/passwd' },
      'archive-not-a-file',
    ],
    ['a device', { name: 'namespaces/host/ip-addr.txt', type: '3' }, 'archive-not-a-file'],
  ])('refuses %s and reads the rest', async (_, entry, code) => {
    const inputs = await resolveInputs([pack(entry, good)]);
    expect(codes(inputs)).toEqual([`warning ${code}`]);
    expect(inputs.dumps.map((dump) => dump.dump.format)).toEqual(['ip-route']);
  });

  it('keeps control characters of names out of messages and paths', async () => {
    const inputs = await resolveInputs([
      pack({ name: '\u001b[31m../x\n', content: ROUTES }, { name: 'a\u001bb.txt', content: ROUTES }),
    ]);
    const texts = [
      ...inputs.issues.flatMap((issue) => [issue.text, issue.path ?? '']),
      ...inputs.dumps.map((d) => d.dump.path),
    ];
    expect(texts.join('')).not.toMatch(/[\u0000-\u001f]/);
  });

  it('stops at the limit of what it holds, names the file, and uses what came before', async () => {
    const path = pack(good, { name: 'captures/host/eth0.pcap', content: Buffer.alloc(10_000) });
    const inputs = await resolveInputs([path], { limits: { archiveBytes: 4096 } });
    expect(inputs.issues).toMatchObject([
      {
        severity: 'error',
        code: 'limit-archive-bytes',
        text: expect.stringContaining('captures/host/eth0.pcap'),
      },
    ]);
    expect(inputs.dumps.length).toBe(1);
  });

  it('stops at the number of entries', async () => {
    const many = Array.from({ length: 30 }, (_, i) => ({
      name: `namespaces/n${i}/ip-route.txt`,
      content: ROUTES,
    }));
    const inputs = await resolveInputs([pack(...many)], { limits: { archiveEntries: 10 } });
    expect(inputs.dumps.length).toBe(10);
    expect(codes(inputs)).toEqual(['error limit-archive-entries']);
  });
});

describe('standard input and pipes', () => {
  async function* blocks(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }

  it.each([1, 7, 4096])('reads a capture in blocks of %d', async (size) => {
    const inputs = await resolveInputs(['-'], { stdin: blocks(PCAP, size) });
    expect(inputs.issues).toEqual([]);
    const [capture] = inputs.captures;
    const scanned = capture && (await scanCapture(capture.open(), () => {}));
    expect(scanned).toMatchObject({ format: 'pcap', packets: 0, issues: [] });
  });

  it('places it', async () => {
    const inputs = await resolveInputs(['red:eth4=-'], { stdin: blocks(PCAP, 10) });
    expect(inputs.captures).toMatchObject([
      { namespace: 'red', interface: 'eth4', by: 'argument', path: '-' },
    ]);
  });

  it.each([
    ['a dump', Buffer.from(ROUTES)],
    ['a packed dump', gzipSync(ROUTES)],
    ['a packed archive', gzipSync(tarOf([{ name: 'namespaces/host/r.txt', content: ROUTES }]))],
  ])('reads %s', async (_, bytes) => {
    const inputs = await resolveInputs(['-'], { stdin: blocks(bytes, 100) });
    expect(inputs.issues).toEqual([]);
    expect(inputs.dumps.map((dump) => dump.dump.format)).toEqual(['ip-route']);
  });

  it('reads it once', async () => {
    const inputs = await resolveInputs(['-', '-'], { stdin: blocks(PCAP, 100) });
    expect(codes(inputs)).toEqual(['error stdin']);
  });

  it('reads a named pipe, as a shell gives for <(command)', async () => {
    const pipe = join(directoryOf({}), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reading = resolveInputs([`red:=${pipe}`]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeFileSync(pipe, ROUTES);
    const inputs = await reading;
    expect(inputs.issues).toEqual([]);
    expect(inputs.dumps).toMatchObject([{ namespace: 'red', by: 'argument' }]);
  });
});

describe('text encodings', () => {
  it('reads UTF-16 with a byte order mark, as PowerShell writes it', async () => {
    const root = directoryOf({ 'r.txt': Buffer.from(`\ufeff${ROUTES}`, 'utf16le') });
    const inputs = await resolveInputs([join(root, 'r.txt')]);
    expect(inputs.dumps.map((dump) => dump.dump.format)).toEqual(['ip-route']);
  });
});
