/** Warnings of an analysis as text: the same of several lines is said once. */
import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { warningLines } from '../../src/report/text/notes.ts';
import { styleOf } from '../../src/report/text/style.ts';

const style = styleOf({ width: 80, color: false, unicode: true, verbose: false });

function lines(warnings: Analysis['warnings']): string[] {
  return warningLines({ warnings } as Analysis, (path) => path, style).slice(2);
}

describe('warnings', () => {
  it.each<[string, Analysis['warnings'], string[]]>([
    ['one', [{ path: 'a.txt', line: 3, text: 'odd' }], ['  a.txt:3: odd']],
    [
      'several lines of a file',
      [7, 3, 9].map((line) => ({ path: 'a.txt', line, packet: line, text: 'odd' })),
      ['  a.txt:3, 7, 9: odd'],
    ],
    ['without lines', [1, 2, 3].map(() => ({ path: 'a.txt', text: 'odd' })), ['  a.txt (and 2 more): odd']],
    [
      'two files',
      [
        { path: 'a.txt', line: 1, text: 'odd' },
        { path: 'b.txt', line: 1, text: 'odd' },
      ],
      ['  a.txt:1: odd', '  b.txt:1: odd'],
    ],
    [
      'many lines',
      Array.from({ length: 30 }, (_, at) => ({ path: 'a.txt', line: at + 1, text: 'odd' })),
      ['  a.txt:1, 2, 3, 4, 5, 6, 7, 8 (and 22 more): odd'],
    ],
    ['nowhere', [{ text: 'odd' }], ['  odd']],
  ])('%s', (_, warnings, expected) => {
    expect(lines(warnings)).toEqual(expected);
  });
});
