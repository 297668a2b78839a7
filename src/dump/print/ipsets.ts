/** `ipset save`: each set's `create` and its elements; sets of sets come last (IPSET_DUMP_LAST). */
import { printEntry } from '../../ipset/entry.ts';
import { headerWords, printHeader } from '../../ipset/header.ts';
import type { IpSet } from '../../ipset/record.ts';
import { typeOf } from '../../ipset/types.ts';

/** As `ipset list` where the elements of a set were not dumped: `ipset save` can't say so. */
export function printSets(sets: readonly IpSet[]): string {
  const isList = ({ header }: IpSet): boolean => typeOf(header).store === 'list';
  const ordered = [...sets.filter((set) => !isList(set)), ...sets.filter(isList)];
  const print = sets.every(({ entries }) => entries !== undefined) ? saved : listed;
  return ordered
    .map((set) => print(set).join('\n'))
    .join('\n')
    .concat(sets.length === 0 ? '' : '\n');
}

function saved({ name, header, entries = [] }: IpSet): string[] {
  return [
    `create ${name} ${printHeader(header)}`,
    ...entries.map((entry) => `add ${name} ${printEntry(entry, header)}`),
  ];
}

function listed({ name, header, entries }: IpSet): string[] {
  const members = entries && ['Members:', ...entries.map((entry) => printEntry(entry, header))];
  return [
    `Name: ${name}`,
    `Type: ${header.type}`,
    `Header: ${headerWords(header).join(' ')}`,
    ...(members ?? []),
  ];
}
