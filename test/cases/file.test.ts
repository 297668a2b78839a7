/** The file of a case: what is wrong with it is said with line, column and what to do. */
import { describe, expect, it } from 'vitest';
import { readCase } from '../../src/cases/file/read.ts';
import { inFolder, RULES, router, STATE } from './lab.ts';

describe('errors', () => {
  it.each([
    ['flow:\n  - tcp a > b: dropped\n', '1:1', '"flow" is nothing a case has', 'Did you mean flows?'],
    ['packets: red\n', '1:10', '"packets" is text, expected a list or keys with values', 'A row is'],
    ['packets:\n  - [a]\n', '2:5', 'expected text or keys with values', ''],
    [
      'packets:\n  - from red to 8.8.8.8: dropped\n    from a to b: dropped\n',
      '2:5',
      'one question and one answer',
      'dash',
    ],
    ['packets:\n  - from red to 8.8.8.8: [dropped]\n', '2:26', 'is a list, expected text', ''],
    ['inputs: rules\n', '1:9', '"inputs" is text, expected a list', ''],
    ['setup: [1]\n', '1:9', 'is a number, expected text', ''],
    ['refused: [rules]\n', '1:11', '"rules" is no line of a file', 'rules.v4:5'],
    ['names: { a: 10.0 }\n', '1:13', 'is a number, expected text', ''],
    ['findings: nothing\n', '1:11', '"findings" is "nothing"', 'none, or a list'],
    ['findings: [fwd-ip-forward-of]\n', '1:12', 'is no cause', 'Did you mean fwd-ip-forward-off?'],
    ['never:\n  - flt-dorp\n', '2:5', '"flt-dorp" is no cause', ''],
    ['packets:\n  - from red to 8.8.8.8: droped\n', '2:26', '"droped"', 'Did you mean dropped?'],
    ['packets:\n  - "from red to 8.8.8.8: droped"\n', '2:27', '"droped"', ''],
    ["packets:\n  from red to 8.8.8.8: 'droped'\n", '2:25', '"droped"', ''],
    ['packets:\n  - form red to 8.8.8.8: dropped\n', '2:5', '"form"', 'Did you mean from?'],
    ['flows:\n  - tcp 10.0.0.2 > : dropped\n', '2:19', '', '--flow'],
    ['packets: [\n', '2:1', 'this is no YAML', ''],
    ['a: 1\na: 2\n', '2:1', 'Map keys must be unique', ''],
    ['- a\n', '1:1', '"the file" is a list, expected keys with values', 'packets'],
  ])('%j', (source, at, text, hint) => {
    const { errors } = readCase('expect.yaml', source);
    const [error] = errors;
    expect(`${error?.line}:${error?.column}`).toBe(at);
    expect(error?.text).toContain(text);
    expect(error?.hint ?? '').toContain(hint);
  });

  it('all of a file are said at once', () => {
    const source =
      'packets:\n  - from red to 8.8.8.8: droped\n  - from red 8.8.8.8: dropped\nflows:\n  - x y z: dropped\n';
    expect(readCase('expect.yaml', source).errors).toHaveLength(3);
  });

  it('an alias that would fill the memory is refused', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((key, i) => {
        const before = 'abcdefgh'[i];
        return `${key}: &${key} [${Array(9).fill(`*${before}`).join(',')}]`;
      }),
    ].join('\n');
    expect(readCase('expect.yaml', bomb).errors[0]?.text).toContain('can’t be read');
  });

  it('inputs that aren’t there are named, with the nearest', async () => {
    const text = 'inputs:\n  - ruoter.rules\npackets:\n  - from host to 8.8.8.8: dropped\n';
    await inFolder({ 'router.rules': RULES, 'a.expect.yaml': text }, async (folder) => {
      const { status, stdout } = await folder.test([], { columns: 200 });
      expect(stdout).toContain('DIR/a.expect.yaml:2:5\n    there is no file');
      expect(stdout).toContain('Did you mean router.rules?');
      expect(status).toBe(2);
    });
  });

  it.each([
    ['', 'nothing is expected here'],
    ['packets:\n', 'nothing is expected here'],
    ['packets:\n  - from host to 8.8.8.8: dropped\n', 'the case has no inputs'],
  ])('%j', async (text, said) => {
    await inFolder({ 'a.expect.yaml': text }, async (folder) => {
      const { status, stdout } = await folder.test();
      expect(stdout.replace(/\s+/g, ' ')).toContain(said);
      expect(status).toBe(2);
    });
  });

  it('hidden characters of a case don’t reach the terminal', async () => {
    const text = `${STATE}packets:\n  - "from host to 8.8.8.8:53/udp: dropped by filter \\u001b[31m\\u202e 3"\nname: "a\\u001b[2J"\n`;
    await inFolder({ 'a.expect.yaml': text }, async (folder) => {
      for (const format of ['text', 'junit', 'tap']) {
        const { stdout } = await folder.test(['--format', format]);
        expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f\u202e]/);
      }
    });
  });
});

describe('lines of the inputs that can’t be read', () => {
  const rules = RULES.replace('-A INPUT -p tcp', '-A INPUT -p tcp --dprt 99 -j DROP\n-A INPUT -p tcp');
  const row = 'packets:\n  - from wan0 to host:22/tcp: delivered\n';

  it('make the case unusable, whatever its rows say', async () => {
    await inFolder({ 'a.rules': rules, 'a.expect.yaml': STATE + row }, async (folder) => {
      const { status, stdout } = await folder.test([], { columns: 200 });
      expect(stdout).toContain('DIR/a.rules:12:1\n    unknown option --dprt\n');
      expect(status).toBe(2);
    });
  });

  it('may be meant so', async () => {
    const meant = `${STATE}refused: [a.rules:12]\n${row}`;
    await inFolder({ 'a.rules': rules, 'a.expect.yaml': meant }, async (folder) => {
      expect((await folder.test()).status).toBe(0);
    });
    await inFolder({ 'a.rules': RULES, 'a.expect.yaml': meant }, async (folder) => {
      const { status, stdout } = await folder.test();
      expect(stdout).toContain('found     it is read');
      expect(status).toBe(1);
    });
  });
});

describe('forms', () => {
  const row = 'from 10.0.0.9 to 8.8.8.8:443/tcp';
  it.each([
    ['a list of pairs', `packets:\n  - ${row}: forwarded\n`],
    ['a list of lines', `packets:\n  - "${row}: forwarded"\n`],
    ['keys with values', `packets:\n  ${row}: forwarded\n`],
  ])('%s', async (_name, packets) => {
    await inFolder({ 'a.rules': RULES, 'a.expect.yaml': STATE + packets }, async (folder) => {
      expect((await folder.test()).status).toBe(0);
    });
  });

  it('JSON', async () => {
    const state = STATE.replace(/^state: \|\n/, '').replace(/^ {2}/gm, '');
    const files = {
      'a.rules': RULES,
      'a.expect.json': JSON.stringify({ state, packets: [{ [row]: 'forwarded' }, `${row}: forwarded`] }),
    };
    await inFolder(files, async (folder) => {
      expect((await folder.test()).stdout).toContain('✓ a 2 rows');
    });
  });

  it('a folder is a case with what lies in it, but not with what belongs to others', async () => {
    const files = {
      'one/expect.yaml': `${STATE}packets:\n  - ${row}: forwarded\n`,
      'one/router.rules': RULES,
      'one/README.md': '# notes',
      'one/two/expect.yaml': `${STATE}packets:\n  - ${row}: forwarded by filter FORWARD 1\n`,
      'one/two/router.rules': '*filter\n:FORWARD DROP [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT\n',
      'one/.hidden/expect.yaml': 'nonsense',
      'node_modules/x/expect.yaml': 'nonsense',
    };
    await inFolder(files, async (folder) => {
      const { status, stdout } = await folder.test();
      expect(stdout).toMatch(/✓ one 1 row.*\n✓ two 1 row/);
      expect(status).toBe(0);
    });
  });

  it('the state’s lines are those of the case’s file', async () => {
    await inFolder(router(['from 10.0.0.9 to 8.8.8.8:443/tcp: dropped']), async (folder) => {
      expect((await folder.test()).stdout).toContain('(router.expect.yaml:7)');
    });
  });
});
