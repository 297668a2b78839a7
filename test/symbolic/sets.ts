import { SetReader } from '../../src/dump/ipset-reader.ts';
import type { IpSet } from '../../src/ipset/record.ts';

/** The sets of an `ipset save`. */
export function parseIpset(text: string): readonly IpSet[] {
  const reader = new SetReader('ipset-save.txt');
  for (const [i, line] of text.trim().split('\n').entries()) {
    const [command = '', name = '', ...rest] = line.split(' ');
    if (command === 'create') reader.create(name, rest, i + 1, line, true);
    else reader.add(name, rest, i + 1, line);
  }
  return reader.sets;
}
