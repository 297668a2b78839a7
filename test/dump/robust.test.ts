import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FORMATS } from '../../src/dump/formats.ts';
import { printDump } from '../../src/dump/print.ts';
import { recogniseDump } from '../../src/dump/recognise.ts';
import { prepareText } from '../../src/dump/text.ts';

const FOLDER = 'test/dump/recorded';
const names = readdirSync(FOLDER);

/** Reads a text by every way there is; only throwing is wrong. */
function readAll(text: string): void {
  const dump = recogniseDump('x', text);
  if (dump) printDump(dump.content);
  const prepared = prepareText('x', text);
  for (const format of FORMATS()) printDump(format.parse(prepared).content);
}

describe('no text makes a format throw', () => {
  it.each(names)('%s, cut anywhere', (name) => {
    const text = readFileSync(`${FOLDER}/${name}`, 'utf8').slice(0, 6000);
    const step = Math.max(1, Math.floor(text.length / 150));
    for (let end = 0; end < text.length; end += step) {
      const dump = recogniseDump(name, text.slice(0, end), name);
      if (dump) printDump(dump.content);
    }
  });

  it('random characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), readAll));
  });

  it('words of dumps in any order', () => {
    const words = [
      ...new Set(
        names.flatMap((name) =>
          readFileSync(`${FOLDER}/${name}`, 'utf8')
            .slice(0, 1500)
            .split(/[ \t]+/),
        ),
      ),
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 40 }), (chosen) =>
        readAll(chosen.join(' ')),
      ),
      { numRuns: 300 },
    );
  });

  it('lines of one dump in another', () => {
    const texts = names.map((name) => readFileSync(`${FOLDER}/${name}`, 'utf8').slice(0, 3000).split('\n'));
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.constantFrom(...texts), fc.nat(30), (one, other, at) => {
        readAll([...one.slice(0, at), ...other].join('\n'));
      }),
      { numRuns: 150 },
    );
  });
});

describe('a bad line loses only its record', () => {
  const cases: readonly (readonly [string, string, (line: string) => boolean])[] = [
    ['ip-route.txt', 'routes', () => true],
    ['ip-rule.txt', 'ip-rules', () => true],
    ['ip-neigh.txt', 'neighbours', () => true],
    ['bridge-fdb.txt', 'fdb', () => true],
    ['conntrack.txt', 'conntrack', () => true],
    ['nstat.txt', 'counters', () => true],
    ['sysctl.txt', 'sysctls', () => true],
    ['ss-lntup.txt', 'sockets', () => true],
    ['ip-addr.txt', 'links', () => true],
  ];
  it.each(cases)('%s', (name, kind) => {
    const text = readFileSync(`${FOLDER}/${name}`, 'utf8');
    const lines = text.split('\n');
    const good = recogniseDump(name, text);
    for (let at = 1; at < Math.min(lines.length, 25); at++) {
      const dump = recogniseDump(
        name,
        [...lines.slice(0, at), '%% damaged \x07 line %%', ...lines.slice(at)].join('\n'),
      );
      expect(dump?.content.kind).toBe(kind);
      expect(dump?.issues.length, `line ${at + 1}`).toBe(1);
      expect(dump?.issues[0]).toMatchObject({ severity: 'warning', line: at + 1, path: name });
      expect(dump?.issues[0]?.text).not.toContain('\x07');
      expect(sizeOf(dump?.content)).toBe(sizeOf(good?.content));
    }
  });
});

function sizeOf(content: unknown): number {
  if (Array.isArray(content)) return content.length;
  if (content instanceof Map) return content.size;
  if (typeof content !== 'object' || content === null) return 0;
  return Object.values(content).reduce((sum: number, value) => sum + sizeOf(value), 0);
}

describe('large dumps', () => {
  const MANY = 100_000;
  const repeat = (line: (index: number) => string, head = '') =>
    head + Array.from({ length: MANY }, (_, index) => line(index)).join('\n');
  const address = (index: number) => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;

  it.each<[string, string, number]>([
    ['routes', repeat((i) => `${address(i)} via 192.0.2.1 dev eth0 proto static metric 5 `), MANY],
    ['neighbours', repeat((i) => `${address(i)} dev eth0 lladdr 02:00:00:00:00:01 STALE`), MANY],
    [
      'conntrack',
      repeat(
        (i) =>
          `tcp 6 5 ESTABLISHED src=${address(i)} dst=192.0.2.1 sport=1 dport=2 src=192.0.2.1 dst=${address(i)} sport=2 dport=1 [ASSURED] mark=0 use=1`,
      ),
      MANY,
    ],
    [
      'sockets',
      repeat(
        (i) => `tcp LISTEN 0 128 ${address(i)}:80 0.0.0.0:*`,
        'Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port\n',
      ),
      MANY,
    ],
    [
      'links',
      repeat(
        (i) => `${i + 1}: eth${i}: <UP> mtu 1500 state UP \n    inet ${address(i)}/32 scope global eth${i}`,
      ),
      MANY,
    ],
    ['sysctls', repeat((i) => `net.ipv4.conf.eth${i}.forwarding = 1`), MANY],
    [
      'netstat sockets',
      repeat(
        (i) => `tcp6       0      0 :::${(i % 65000) + 1}         :::*      LISTEN      7/x`,
        'Proto Recv-Q Send-Q Local Address           Foreign Address         State\n',
      ),
      MANY,
    ],
    ['interfaces', repeat((i) => `eth${i}: flags=65<UP,RUNNING>  mtu 1500`), MANY],
  ])('%s', (_, text, count) => {
    const dump = recogniseDump('x', text);
    expect(dump?.issues).toEqual([]);
    expect(sizeOf(dump?.content)).toBeGreaterThanOrEqual(count);
  });

  it.each<[string, string]>([
    ['a', 'a'.repeat(2_000_000)],
    ['spaces', ' '.repeat(2_000_000)],
    ['digits', `${'1'.repeat(1_000_000)}: ${'2'.repeat(1_000_000)}`],
    ['colons', ':'.repeat(2_000_000)],
    ['words', 'dev eth0 '.repeat(300_000)],
    ['prompts', '$ '.repeat(500_000)],
    ['brackets', `x ${'<'.repeat(500_000)}`],
    ['braces', `table ip x {\n chain y {\n${'{'.repeat(500_000)}`],
    ['escapes', '\x1b['.repeat(500_000)],
    ['quotes', '"'.repeat(500_001)],
    ['a JSON string', `["${'x'.repeat(2_000_000)}`],
    ['JSON objects', `[${'{},'.repeat(300_000)}`],
    ['a route with no end', `default via 10.0.0.1 dev eth0 ${'onlink '.repeat(200_000)}`],
    [
      'an address with no end',
      `1: eth0: <UP> mtu 1500 state UP \n inet 10.0.0.1/24 ${'dynamic '.repeat(200_000)}`,
    ],
    ['blank lines', '\n'.repeat(1_000_000)],
  ])('one huge line of %s', (_, text) => {
    readAll(text);
  });
});
