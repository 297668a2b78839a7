/** No room for what is written: nothing half-written under its name, no draft, a message with path and reason, status 2. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE, CAPTURE, isRoot, namesIn, nettrace, RULES, scratch, shell, smallDisk } from './program.ts';

const linux = process.platform === 'linux';
let place: ReturnType<typeof scratch>;
beforeAll(() => {
  place = scratch();
});
afterAll(() => place.remove());

describe.runIf(linux)('-o where no byte can be written', () => {
  it.each([
    ...['text', 'json', 'html', 'markdown', 'junit', 'sarif', 'github'].map((format) => [
      `analyze ${BUNDLE} -q --format ${format}`,
    ]),
    [`why ${BUNDLE}`],
    [`annotate ${BUNDLE}`],
    [`diff ${BUNDLE} ${BUNDLE}`],
    ['explain fwd-ip-forward-off'],
    [`lint ${RULES} --format sarif`],
    [`lint ${RULES} --fix`],
    [`replay ${BUNDLE}`],
    [`show ${CAPTURE} --format jsonl`],
    ['test rulesets --format junit'],
    [`topology ${BUNDLE} --format svg`],
    [`trace ${BUNDLE} --from host --to 192.0.2.1`],
    ['collect --print-script'],
  ])('%s', (words) => {
    const folder = join(place.folder, 'limited');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'out'), 'as before');
    // setrlimit(2): a file may have no byte.
    const { status, stderr } = shell(`ulimit -f 0; exec $NETTRACE ${words} -o ${folder}/out`);
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining(`nettrace: error: can't write ${folder}/out: EFBIG: file too large\n`),
    ]);
    expect(namesIn(folder)).toEqual(['out']);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('as before');
  });

  it('what a command changes in place stays as it was', () => {
    const folder = join(place.folder, 'in-place');
    mkdirSync(folder);
    const rules =
      '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n';
    writeFileSync(join(folder, 'rules'), rules);
    const passes = 'forwarded by nat vips 1';
    const cases = readFileSync('rulesets/service-vip.expect.yaml', 'utf8').replace(passes, 'dropped');
    writeFileSync(join(folder, 'service-vip.expect.yaml'), cases);
    cpSync('rulesets/service-vip.rules', join(folder, 'service-vip.rules'));
    for (const [words, file] of [
      ['lint rules --fix --in-place', 'rules'],
      ['test --update', 'service-vip.expect.yaml'],
      ['test --coverage html', 'nettrace-coverage.html'],
    ] as const) {
      const before = namesIn(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
      const { status, stderr } = shell(`ulimit -f 0; exec $NETTRACE ${words}`, { cwd: folder });
      expect([status, stderr]).toEqual([
        2,
        expect.stringMatching(new RegExp(`can't write .*${file}: EFBIG`)),
      ]);
      expect(namesIn(folder).map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(before);
    }
  });
});

describe.skipIf(!isRoot || !linux)('on a disk that gets full (needs root)', () => {
  let disk: ReturnType<typeof smallDisk>;
  beforeAll(() => {
    disk = smallDisk(place.folder, 64);
    writeFileSync(join(disk.folder, 'used'), Buffer.alloc(40_000));
  });
  afterAll(() => disk.remove());

  it.each([
    ['an analysis', `analyze ${BUNDLE} -q --format html`, 'out.html'],
    ['a bundle', 'collect -q', 'out.tar.gz'],
    ['a bundle as a folder', 'collect -q', 'out/'],
    ['a redacted bundle', `collect -q --redact --from ${BUNDLE}`, 'out.tar.gz'],
  ])('%s is not begun for others to see', (_, words, name) => {
    const target = join(disk.folder, name);
    const { status, stderr } = nettrace([
      ...words.split(' '),
      '-o',
      target.replace(/\/$/, '') + (name.endsWith('/') ? '/' : ''),
    ]);
    expect([status, stderr]).toEqual([
      2,
      `nettrace: error: can't write ${target}: ENOSPC: no space left on device\n`,
    ]);
    expect(namesIn(disk.folder)).toEqual(['used']);
  });

  it('a pipe that can’t be copied for a second reading is said to be missing', () => {
    const once = readFileSync(CAPTURE);
    const records = Array.from({ length: 40 }, () => once.subarray(24));
    const fed = join(place.folder, 'fed.pcap');
    writeFileSync(fed, Buffer.concat([once, ...records]));
    const { status, stderr } = shell(
      `cat ${fed} | TMPDIR=${disk.folder} $NETTRACE annotate - -o ${place.folder}/merged.pcapng`,
    );
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/could not be copied.*ENOSPC.*not in the output/),
    ]);
    expect(namesIn(disk.folder)).toEqual(['used']);
  });
});
