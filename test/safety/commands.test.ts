/** What `output.test.ts` doesn't reach: cases, differences, annotated captures, words of the command line, colours, the script. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectScript } from '../../src/collect/script/script.ts';
import { eventText } from '../../src/live/event-text.ts';
import type { LiveEvent } from '../../src/live/events.ts';
import { jsonText } from '../../src/report/json.ts';
import { RULES, STATE } from '../cases/lab.ts';
import { type Ran, run } from '../cli/harness.ts';
import { checkPcapng } from '../support/pcapng-check.ts';
import { type Form, READERS } from './forms.ts';
import { hostileFiles } from './hostile-bundle.ts';
import { fitting, PAYLOADS, UNPRINTABLE } from './payloads.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'nettrace-safety-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const FORGED = /^(nettrace: error: forged|::error::forged|not ok 1 - forged|\+ 1)/m;

function expectPrintable({ stdout, stderr }: Omit<Ran, 'status'>): void {
  for (const text of [stdout, stderr]) {
    expect(UNPRINTABLE.exec(text)).toBeNull();
    expect(text).not.toMatch(FORGED);
  }
}

/** Rules, a name of a case, of a sender and of a row, and what a row that fails says. */
function caseFiles(payload: string): Record<string, string> {
  const text = JSON.stringify(`evil${payload}`);
  const quoted = fitting(payload, 'quoted');
  return {
    [`router${fitting(payload, 'file')}.rules`]: 'no rules at all',
    'router.rules': RULES.replace('--comment "ssh"', `--comment "ssh${quoted}"`).replace(
      'COMMIT\n*filter',
      `-A PREROUTING -i x${fitting(payload, 'word')} -j ACCEPT\nCOMMIT\n*filter`,
    ),
    'router.expect.yaml': `${STATE}name: ${text}
setup:
  - ${JSON.stringify(`iptables -A FORWARD -m comment --comment "${quoted}" -j ACCEPT`)}
packets:
  - from wan0 to host:22/tcp: delivered
  - from wan0 to host:23/tcp: delivered
  - from wan0 to host:24/tcp: dropped by filter INPUT "nothing like it"
`,
    'names.expect.yaml': `${STATE}names:\n  ${text}: 10.0.0.9\npackets:\n  - ${JSON.stringify(`from evil${payload} to 8.8.8.8:443/tcp: delivered`)}\n`,
    'faulty.expect.yaml': `${STATE}packets:\n  - ${JSON.stringify(`from evil${payload} to: ${payload}`)}\n${text}: 1\n`,
    'broken.expect.yaml': `name: ${fitting(payload, 'line')}\npackets: [${payload}\n`,
    'inputs.expect.yaml': `inputs: [${text}]\npackets:\n  - from wan0 to host:22/tcp: delivered\n`,
  };
}

const CASES: readonly (readonly [form: Form, words: string])[] = [
  ['text', '-v'],
  ['tap', '--format tap'],
  ['junit', '--format junit'],
  ['json', '--format json'],
  ['text', '--coverage text'],
];
const COVERAGE: readonly (readonly [form: Form, name: string])[] = [
  ['html', 'html'],
  ['json', 'json'],
  ['lcov', 'lcov'],
];

describe.each(Object.entries(PAYLOADS))('%s', (_, payload) => {
  it.each(CASES)('in cases, %s: %s', async (form, words) => {
    const result = await run(['test', folderOf(caseFiles(payload)), ...words.split(' ')]);
    expect(result.status).toBe(2);
    // A failure's details are lines with the words of the case in them.
    expectPrintable(form === 'junit' ? { ...result, stdout: result.stdout.replaceAll('\n', ' ') } : result);
    await READERS[form](result.stdout);
  });

  it.each(COVERAGE)('in coverage of rules, as %s', async (form, name) => {
    const folder = folderOf({
      [`router${fitting(payload, 'file').slice(0, 60)}.rules`]: RULES.replace(
        '"ssh"',
        `"ssh${fitting(payload, 'quoted')}"`,
      ),
      [`router${fitting(payload, 'file').slice(0, 60)}.expect.yaml`]: `${STATE}packets:\n  - from wan0 to host:22/tcp: delivered\n`,
    });
    const file = join(folder, 'coverage');
    const result = await run(['test', folder, '--coverage', name, '--coverage-output', file]);
    expectPrintable(result);
    const text = readFileSync(file, 'utf8');
    expect(UNPRINTABLE.exec(text)).toBeNull();
    await READERS[form](text);
  });

  it('in two states that are compared', async () => {
    const files = hostileFiles((place, kind) => `x${place.replaceAll(/\W/g, '')}${fitting(payload, kind)}`);
    const before = folderOf(files);
    const rules = 'namespaces/host/iptables-save.txt';
    const after = folderOf({
      ...files,
      [rules]: String(files[rules]).replace(':INPUT ACCEPT', ':INPUT DROP'),
    });
    for (const format of ['text', 'json'] as const) {
      const result = await run(['diff', before, after, '--format', format]);
      expect(result.status).toBeLessThan(3);
      expectPrintable(result);
      if (result.stdout !== '') await READERS[format](result.stdout);
    }
  });

  it('in an annotated capture and what is said of it', async () => {
    const given = new Set<string>();
    const folder = folderOf(
      hostileFiles((place, kind) => {
        const text = `x${place.replaceAll(/\W/g, '')}${fitting(payload, kind)}`;
        given.add(Buffer.from(text).toString());
        return text;
      }),
    );
    const output = join(folder, '..', `${folder.split('/').at(-1)}.pcapng`);
    folders.push(output);
    for (const format of ['text', 'json'] as const) {
      const result = await run(['annotate', folder, '-o', output, '--format', format]);
      expect(result.status).toBeLessThan(3);
      expectPrintable(result);
      await READERS[format](result.stdout);
    }
    const { packets, interfaces, comments } = checkPcapng(readFileSync(output));
    const texts = [
      ...comments,
      ...packets.flatMap((packet) => packet.comments),
      ...interfaces.flatMap(({ name, description, options }) => [
        name,
        description,
        ...options
          .filter(({ code }) => [1, 2, 3, 12, 15].includes(code))
          .map(({ value }) => value.toString()),
      ]),
    ];
    // What its blocks had stays theirs; what is added is letters.
    const added = texts.flatMap((text) => (text === undefined || given.has(text) ? [] : [text]));
    expect(added.length).toBeGreaterThan(5);
    for (const text of added) expect(UNPRINTABLE.exec(text)).toBeNull();
  });

  it('in the words of a command line', async () => {
    const word = payload.replaceAll('\0', '');
    const folder = folderOf({ 'rules.v4': RULES });
    const file = join(folder, 'rules.v4');
    const lines: readonly (readonly string[])[] = [
      [word],
      ['analyze', word],
      ['analyze', `${word}:=${file}`],
      ['analyze', `${word}:${word}=${file}`],
      ['analyze', file, `--${word}`],
      ['analyze', file, '--format', word],
      ['analyze', file, '--threads', word],
      ['analyze', file, '--max-memory', word],
      ['analyze', file, '--what-if', word],
      ['analyze', file, '-o', join(folder, 'none', word)],
      ...['flow', 'host', 'port', 'proto', 'time', 'filter'].map((name) => [
        'analyze',
        file,
        `--${name}`,
        word,
      ]),
      ['trace', file, '--from', word, '--to', '8.8.8.8'],
      ['trace', file, '--from', 'host', '--to', word],
      ['trace', file, '--from', 'host', '--to', '8.8.8.8', '--sport', word],
      ['replay', file, '--inject', word],
      ['replay', file, '--inject', `host:eth0=${word}`],
      ['report', word],
      ['explain', word],
      ['lint', word],
      ['diff', word, word],
      ['annotate', word, '-o', join(folder, 'none', word)],
      ['test', word],
      ['test', folder, '--only', word],
      ['collect', '--print-script', '--capture', word],
      ['collect', '--from', word],
      ['collect', '--from', word, '--redact', '-o', join(folder, 'none', word)],
      ['collect', '-o', join(folder, 'none', word)],
      ['live', '--headless', '--interfaces', word, '--backend', word],
      ['help', word],
    ];
    for (const words of lines) {
      const result = await run(words);
      expect(result.status, words.join(' ')).toBeLessThan(3);
      const data = words[1] === '--print-script' ? '' : result.stdout;
      expectPrintable({ stdout: data, stderr: result.stderr });
    }
  }, 60_000);

  it.each(['analyze -v', 'why', 'topology', 'trace --from ant --to 198.51.100.7', 'show', 'lint'])(
    'between colours: %s',
    async (words) => {
      const folder = folderOf(
        hostileFiles((place, kind) => `x${place.replaceAll(/\W/g, '')}${fitting(payload, kind)}`),
      );
      const [command = '', ...options] = words.split(' ');
      const { stdout, stderr } = await run([command, folder, ...options, '--color', 'always'], { tty: true });
      // base/colors.ts has these, and nothing else is ever sent but what takes the line of progress away.
      const plain = (text: string) =>
        text.replaceAll(/\x1b\[(?:1|2|22|31|32|33|34|36|39)m/g, '').replaceAll('\r\x1b[K', '');
      expect(stdout === '' ? stderr : stdout).toContain('\x1b[');
      expectPrintable({ stdout: plain(stdout), stderr: plain(stderr) });
    },
  );

  it('in what happens on a followed host', () => {
    const point = { namespace: payload, interface: payload, packets: 1, bytes: 1, ended: payload };
    const events: LiveEvent[] = [
      {
        ...{ event: 'begin', time: 0, points: [point], namespaces: [payload] },
        missing: [{ what: payload, namespace: payload, reason: payload }],
      },
      { event: 'change', time: 0, namespace: payload, path: payload },
      { event: 'end', time: 0, id: 1, cause: payload, title: payload, began: 0, last: 0, how: 'quiet' },
      { event: 'drops', time: 0, namespace: payload, interface: payload, dropped: 3 },
      { event: 'warning', time: 0, text: payload },
      { event: 'stop', time: 0, points: [point], findings: 0 },
    ];
    for (const event of events) {
      const options = { width: 80, color: false, unicode: true, verbose: false };
      expectPrintable({ stdout: eventText(event, undefined, options), stderr: '' });
      const line = jsonText(event);
      expectPrintable({ stdout: line, stderr: '' });
      expect(JSON.parse(line)).toEqual(event);
    }
  });

  it('in the script that collects, as the values of its settings', () => {
    const value = payload.replaceAll('\0', '');
    const script = collectScript({
      ...{ capture: value, seconds: 1, filter: value, snaplen: 0, maxBytes: 1, promiscuous: true },
      only: [value, value],
      hostChoice: 'init',
    });
    const settings = script.slice(0, script.indexOf('\nset -u'));
    const folder = folderOf({
      'settings.sh': Buffer.from(`${settings}\nprintf '%s\\0%s\\0%s' "$points" "$filter" "$only"\n`),
    });
    const { stdout, stderr } = spawnSync('sh', [join(folder, 'settings.sh')], { cwd: folder });
    const bytes = Buffer.from(value).toString();
    expect(stderr.toString()).toBe('');
    expect(stdout.toString().split('\0')).toEqual([bytes, bytes, `${bytes},${bytes}`]);
  });
});

describe('rules that are printed without what is dead', () => {
  let folder: string;
  beforeAll(() => {
    folder = folderOf({ 'rules.v4': RULES.replace('"ssh"', '"ssh\x1b[2J"') });
  });

  it('are as they were in a file', async () => {
    const { stdout } = await run(['lint', join(folder, 'rules.v4'), '--fix']);
    expect(stdout).toContain('"ssh\x1b[2J"');
  });

  it('are letters on a terminal', async () => {
    const { stdout } = await run(['lint', join(folder, 'rules.v4'), '--fix'], { tty: true });
    expect(stdout).toContain('"ssh\\x1b[2J"');
    expectPrintable({ stdout, stderr: '' });
  });
});
