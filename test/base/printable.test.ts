import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, printableText } from '../../src/base/printable.ts';

describe('printable', () => {
  it.each([
    ['plain text stays', 'eth0 10.0.0.1/24', 'eth0 10.0.0.1/24'],
    ['letters of other scripts stay', 'größe 東京 путь', 'größe 東京 путь'],
    ['escape sequence', '\x1b[31mred', '\\x1b[31mred'],
    ['C1 control introducer', '\x9b31m', '\\u{9b}31m'],
    ['line break', 'a\r\nb', 'a\\r\\nb'],
    ['tab and NUL', 'a\tb\0', 'a b\\x00'],
    ['delete', 'a\x7f', 'a\\x7f'],
    ['right-to-left override', 'a\u202eb', 'a\\u{202e}b'],
    ['isolates and marks', '\u2066x\u2069\u200f\u061c', '\\u{2066}x\\u{2069}\\u{200f}\\u{61c}'],
    ['zero width and byte order mark', 'a\u200bb\ufeff', 'a\\u{200b}b\\u{feff}'],
    ['line separators', 'a\u2028b\u2029', 'a\\u{2028}b\\u{2029}'],
    ['tag characters', '\u{e0041}', '\\u{e0041}'],
    ['fillers', 'a\u3164b\u115f\uffa0\u2800', 'a\\u{3164}b\\u{115f}\\u{ffa0}\\u{2800}'],
    ['variation selectors', 'a\ufe0f\u{e0100}', 'a\\u{fe0f}\\u{e0100}'],
    ['blanks of other widths', 'a\u2003b\u3000c\u202f', 'a\\u{2003}b\\u{3000}c\\u{202f}'],
    ['private and unassigned', '\ue000\ufffe\u{10ffff}', '\\u{e000}\\u{fffe}\\u{10ffff}'],
    ['lone surrogate', 'a\ud800b', 'a\\u{d800}b'],
  ])('%s', (_name, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('lets nothing through that a terminal acts on', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it('keeps line breaks and tabs where text of lines is wanted', () => {
    expect(printableText('a\tb\r\nc\x1b')).toBe('a\tb\\r\nc\\x1b');
  });
});
