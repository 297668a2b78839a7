import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellWord } from '../../src/base/shell.ts';

describe('a word for a shell', () => {
  it.each([
    ['eth0', 'eth0'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['!', '!'],
    ['', "''"],
    ['eth0;reboot', "'eth0;reboot'"],
    ['$(reboot)', "'$(reboot)'"],
    ["it's", "'it'\\''s'"],
    ['!!', "'!!'"],
    ['[fd00::1]:80', "'[fd00::1]:80'"],
  ])('%s: %s', (text, word) => {
    expect(shellWord(text)).toBe(word);
  });

  it('comes back from sh as it was', () => {
    const words = fc.sample(fc.string({ unit: fc.constantFrom(...'ab \'"$`\\;&|<>(){}*?[]~#!\n\t=%') }), {
      numRuns: 200,
      seed: 7,
    });
    const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`], {
      encoding: 'utf8',
    });
    expect(printed.split('\0').slice(0, -1)).toEqual(words);
  });
});
