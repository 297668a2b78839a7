import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectCommand } from '../../src/report/collect-command.ts';
import { commonFolder, place, shortener } from '../../src/report/text/paths.ts';
import { finish } from '../../src/report/text/style.ts';
import { displayWidth, padEnd, padStart, truncate, truncateStart } from '../../src/report/text/width.ts';
import { columns, hang, wrap } from '../../src/report/text/wrap.ts';

describe('displayWidth', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['größe', 5],
    ['東京', 4],
    ['한글', 4],
    ['e\u0301', 1],
    ['✓ ✗ →', 5],
    ['\x1b[1m\x1b[31mbad\x1b[39m\x1b[22m', 3],
    ['🙂', 2],
  ])('%j takes %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe('padding and cutting', () => {
  it('pads by columns, not by characters', () => {
    expect(padEnd('東', 4)).toBe('東  ');
    expect(padStart('12', 4)).toBe('  12');
    expect(padEnd('long', 2)).toBe('long');
  });

  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 4, 'abc…'],
    ['東京都', 4, '東…'],
  ])('truncate(%j, %i)', (text, width, expected) => {
    expect(truncate(text, width)).toBe(expected);
    expect(displayWidth(truncate(text, width))).toBeLessThanOrEqual(width);
  });

  it('keeps the end of a path', () => {
    expect(truncateStart('bundle/captures/eth0.pcap', 11)).toBe('…/eth0.pcap');
  });
});

describe('wrap', () => {
  it.each([
    ['one two three', 7, ['one two', 'three']],
    ['one\ntwo', 20, ['one', 'two']],
    ['', 10, ['']],
    ['a  b', 10, ['a b']],
    ['a\u00a0\u00a0b c', 4, ['a\u00a0\u00a0b', 'c']],
    ['-j DNAT --to-destination', 10, ['-j DNAT', '--to-destination']],
  ])('%j in %i columns', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });

  it('loses no word and breaks no word, within the width where a word allows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,12}$/)),
        fc.integer({ min: 12, max: 60 }),
        (words, width) => {
          const lines = wrap(words.join(' '), width);
          expect(lines.join(' ')).toBe(words.join(' '));
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
        },
      ),
    );
  });

  it('hangs further lines below the first word', () => {
    expect(hang('fix: ', 'aaaaa bbbbb ccccc ddddd', 25)).toEqual(['fix: aaaaa bbbbb ccccc', '     ddddd']);
  });
});

describe('columns', () => {
  it('aligns, right where asked, and wraps the last', () => {
    const rows = [
      ['icmp', '7', 'short'],
      ['tcp', '1200', 'a text that is too long for the rest of this line'],
    ];
    expect(columns(rows, { width: 40, indent: 2, right: [1] })).toEqual([
      '  icmp     7  short',
      '  tcp   1200  a text that is too long',
      '              for the rest of this line',
    ]);
  });

  it('puts what follows an overlong cell on the next line', () => {
    const rows = [
      ['a', 'one'],
      ['a-very-long-cell-indeed', 'two'],
    ];
    expect(columns(rows, { width: 40, limit: 10 })).toEqual(['a  one', 'a-very-long-cell-indeed', '   two']);
  });

  it('holds together without rows', () => {
    expect(columns([], { width: 80 })).toEqual([]);
  });
});

describe('paths', () => {
  it.each([
    [['b/captures/host/a.pcap', 'b/captures/red/a.pcap'], 'b/captures/'],
    [['b/x.txt', 'c/y.txt'], ''],
    [['b/x.txt'], 'b/'],
    [['b/x.txt', 'b/x.txt'], 'b/'],
    [['x.txt'], ''],
    [['/tmp/x', '/etc/y'], ''],
    [['./x', './y'], ''],
    [['ab/x', 'a/x'], ''],
    [[], ''],
  ])('%j lie in %j', (paths, folder) => {
    expect(commonFolder(paths)).toBe(folder);
  });

  it('shortens what lies in the folder, and nothing else', () => {
    const shorten = shortener('b/');
    expect([shorten('b/x'), shorten('c/x')]).toEqual(['x', 'c/x']);
  });

  it.each([
    [{ path: 'r.v4', line: 3 }, 'r.v4:3'],
    [{ path: 'a.pcap', packet: 9 }, 'a.pcap packet 9'],
    [{ path: 'a\x1b.pcap' }, 'a\\x1b.pcap'],
  ])('%j is shown as %j', (at, text) => {
    expect(place(at)).toBe(text);
  });
});

describe('finish', () => {
  it('ends lines cleanly and turns drawings into ASCII of the same width', () => {
    const lines = ['├─ eth0 ⇄ red:eth0  ', '✓ 3\u00a0packets'];
    const options = { width: 80, color: false };
    expect(finish(lines, options)).toBe('├─ eth0 ⇄ red:eth0\n✓ 3 packets\n');
    expect(finish(lines, { ...options, unicode: false })).toBe('|- eth0 = red:eth0\n+ 3 packets\n');
    expect(finish(['名'], { ...options, unicode: false })).toBe('\\u{540d}\n');
  });
});

describe('collectCommand', () => {
  it.each([
    ['host', 'ip-rule', 'ip -j rule show'],
    ['red', 'iptables-save.txt', 'ip netns exec red iptables-save -c'],
    ['red', 'ip rule', 'ip netns exec red ip -j rule show'],
    ['red', 'processes', 'ps -ef'],
    ['a b;c', 'ss', "ip netns exec 'a b;c' ss -lntup"],
    ['host', 'no such dump', undefined],
  ])('%s: %s', (namespace, dump, command) => {
    expect(collectCommand(namespace, dump)).toBe(command);
  });
});
