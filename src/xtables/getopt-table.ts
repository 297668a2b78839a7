/** The options that iptables has without any match or target: original_opts of iptables/xshared.h. */
import { wordTable } from '../base/word-table.ts';
import { protocolNumber } from './names/protocols.ts';

export type Command =
  | 'append'
  | 'insert'
  | 'delete'
  | 'check'
  | 'replace'
  | 'new-chain'
  | 'delete-chain'
  | 'rename-chain'
  | 'policy'
  | 'flush'
  | 'zero'
  | 'list'
  | 'list-rules';

export type BaseName =
  | Command
  | 'source'
  | 'destination'
  | 'protocol'
  | 'in-interface'
  | 'out-interface'
  | 'jump'
  | 'goto'
  | 'match'
  | 'fragments'
  | 'table'
  | 'set-counters'
  | 'ipv4'
  | 'ipv6'
  | 'ignored'
  | 'ignored-word';

/** Words each takes at least and at most; the optional ones are taken while they don't look like options. */
export const BASE: Readonly<
  Record<BaseName, { readonly least: number; readonly most: number; invert?: true }>
> = {
  append: { least: 1, most: 1 },
  insert: { least: 1, most: 2 },
  delete: { least: 1, most: 2 },
  check: { least: 1, most: 1 },
  replace: { least: 2, most: 2 },
  'new-chain': { least: 1, most: 1 },
  'delete-chain': { least: 0, most: 1 },
  'rename-chain': { least: 2, most: 2 },
  policy: { least: 2, most: 2 },
  flush: { least: 0, most: 1 },
  zero: { least: 0, most: 2 },
  list: { least: 0, most: 2 },
  'list-rules': { least: 0, most: 2 },
  source: { least: 1, most: 1, invert: true },
  destination: { least: 1, most: 1, invert: true },
  protocol: { least: 1, most: 1, invert: true },
  'in-interface': { least: 1, most: 1, invert: true },
  'out-interface': { least: 1, most: 1, invert: true },
  jump: { least: 1, most: 1 },
  goto: { least: 1, most: 1 },
  match: { least: 1, most: 1 },
  fragments: { least: 0, most: 0, invert: true },
  table: { least: 1, most: 1 },
  'set-counters': { least: 2, most: 2 },
  ipv4: { least: 0, most: 0 },
  ipv6: { least: 0, most: 0 },
  ignored: { least: 0, most: 0 },
  'ignored-word': { least: 0, most: 1 },
};

export const SHORT = wordTable<BaseName>({
  A: 'append',
  I: 'insert',
  D: 'delete',
  C: 'check',
  R: 'replace',
  N: 'new-chain',
  X: 'delete-chain',
  E: 'rename-chain',
  P: 'policy',
  F: 'flush',
  Z: 'zero',
  L: 'list',
  S: 'list-rules',
  s: 'source',
  d: 'destination',
  p: 'protocol',
  i: 'in-interface',
  o: 'out-interface',
  j: 'jump',
  g: 'goto',
  m: 'match',
  f: 'fragments',
  t: 'table',
  c: 'set-counters',
  4: 'ipv4',
  6: 'ipv6',
  n: 'ignored',
  v: 'ignored',
  x: 'ignored',
  w: 'ignored-word',
  W: 'ignored-word',
});

export const LONG = new Map<string, BaseName>([
  ...(Object.keys(BASE) as BaseName[])
    .filter((name) => !name.startsWith('ignored'))
    .map((name) => [name, name] as const),
  ['src', 'source'],
  ['dst', 'destination'],
  ['numeric', 'ignored'],
  ['verbose', 'ignored'],
  ['exact', 'ignored'],
  ['line-numbers', 'ignored'],
  ['wait', 'ignored-word'],
  ['wait-interval', 'ignored-word'],
]);

/** The match that `-p NAME` loads for its options. */
export function protocolMatch(text: string): string | undefined {
  if (/^(ipv6-)?mh$/i.test(text)) return 'mh';
  const number = /^\d/.test(text) ? Number(text) : protocolNumber(text);
  return number === undefined ? undefined : MATCH_OF_PROTOCOL[number];
}

export const MATCH_OF_PROTOCOL: Readonly<Record<number, string>> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  50: 'esp',
  51: 'ah',
  58: 'icmp6',
  108: 'ipcomp',
  132: 'sctp',
  136: 'udplite',
};
