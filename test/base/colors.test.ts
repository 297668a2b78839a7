import { expect, it } from 'vitest';
import { colorsOf } from '../../src/base/colors.ts';

const on = colorsOf(true);

it.each([
  ['a colour', on.red('x'), '\x1b[31mx\x1b[39m'],
  ['bold', on.bold('x'), '\x1b[1mx\x1b[22m'],
  ['a colour within a colour', on.red(`a${on.blue('b')}c`), '\x1b[31ma\x1b[34mb\x1b[31mc\x1b[39m'],
  [
    'dim within bold, which end alike',
    on.bold(`a${on.dim('b')}c`),
    '\x1b[1ma\x1b[2mb\x1b[22m\x1b[1mc\x1b[22m',
  ],
  ['bold within a colour', on.yellow(`a${on.bold('b')}`), '\x1b[33ma\x1b[1mb\x1b[22m\x1b[39m'],
  ['none', colorsOf(false).green('x'), 'x'],
])('%s', (_, text, expected) => {
  expect(text).toBe(expected);
});
