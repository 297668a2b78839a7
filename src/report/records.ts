/** Records of dumps as plain JSON: addresses as text, maps as objects, each with the place it was read from. */
import type { Dump, DumpContent } from '../dump/dump.ts';
import { printElement } from '../ipset/entry.ts';
import type { IpSet } from '../ipset/record.ts';
import { formatIp } from '../net/ip.ts';
import { formatMac } from '../net/mac.ts';
import { formatPrefix } from '../net/prefix.ts';
import { printRule } from '../xtables/print.ts';
import type { Chain, Ruleset } from '../xtables/rule.ts';
import { describeNft } from './nft-records.ts';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Fields that hold an IPv4 address where they hold a number. */
const ADDRESSES = new Set([
  'address',
  'address6',
  'gateway',
  'prefsrc',
  'broadcast',
  'peer',
  'remote',
  'hostAddress',
  'source',
  'destination',
  'dns',
]);

const MACS = new Set(['mac', 'etherSource', 'etherDestination']);

export function describeDump(dump: Dump): { [key: string]: Json } {
  return describeContent(dump.content);
}

export function describeContent(content: DumpContent): { [key: string]: Json } {
  if (content.kind === 'ipsets') return { kind: content.kind, sets: content.sets.map(describeSet) };
  if (content.kind === 'nft') return { kind: content.kind, ruleset: describeNft(content.ruleset) };
  if (content.kind !== 'ruleset') return plainObject(content);
  return { kind: content.kind, ruleset: describeRuleset(content.ruleset) };
}

/** Elements as ipset prints them, with what each has beside. */
function describeSet({ name, header, entries, span }: IpSet): Json {
  const { type, family, bitmask, range, ...options } = header;
  const hasAddresses = family !== undefined;
  return {
    name,
    type,
    ...(family !== undefined && { family }),
    ...(bitmask !== undefined && { bitmask: formatIp(bitmask) }),
    ...(range && {
      range: hasAddresses ? { first: formatIp(range.first), last: formatIp(range.last) } : { ...range },
    }),
    ...plainObject(options),
    ...(entries && {
      entries: entries.map(({ parts, packets, bytes, ...rest }) => ({
        element: printElement(parts, header),
        ...plainObject(rest),
        ...(packets !== undefined && { packets: Number(packets) }),
        ...(bytes !== undefined && { bytes: Number(bytes) }),
      })),
    }),
    span: { ...span },
  };
}

function describeRuleset({ family, backend, tables }: Ruleset): Json {
  return {
    family,
    backend,
    tables: [...tables.values()].map((table) => ({
      name: table.name,
      chains: [...table.chains.values()].map((chain) => describeChain(chain, family)),
    })),
  };
}

function describeChain(chain: Chain, family: Ruleset['family']): Json {
  return {
    name: chain.name,
    ...(chain.policy !== undefined && { policy: chain.policy }),
    ...(chain.counters && { counters: { ...chain.counters } }),
    ...(chain.span && { span: { ...chain.span } }),
    rules: chain.rules.map((rule, index) => ({
      number: index + 1,
      text: rule.text,
      canonical: printRule(rule, family, chain.name),
      ...(rule.counters && { counters: { ...rule.counters } }),
      span: { ...rule.span },
    })),
  };
}

function plainObject(value: object): { [key: string]: Json } {
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner, key)]));
}

function plain(value: unknown, key: string): Json {
  if (typeof value === 'bigint') return formatIp(value);
  if (typeof value === 'number') return numberOf(value, key);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, inner]) => [String(name), plain(inner, '')]));
  }
  if (value instanceof Set || Array.isArray(value)) return [...value].map((inner) => plain(inner, key));
  if (typeof value !== 'object' || value === null) return null;
  return isPrefix(value) ? formatPrefix(value) : plainObject(value);
}

function numberOf(value: number, key: string): Json {
  if (ADDRESSES.has(key)) return formatIp(value);
  if (MACS.has(key)) return formatMac(value);
  return Number.isFinite(value) ? value : null;
}

/** `{address, length}` and nothing else: net/prefix.ts. */
function isPrefix(value: object): value is { address: number | bigint; length: number } {
  return 'address' in value && 'length' in value && Object.keys(value).length === 2;
}
