import type { NftCount, NftObjectCount } from '../../src/netstack/netfilter/nft-counters.ts';
import { TABLES } from '../../src/xtables/rule.ts';
import { PROBE_TABLE } from './kernel/probe.ts';

/** `iptables-save -c` as a table: `4 filter FORWARD 3` or `4 filter FORWARD policy` → `packets:bytes`. */

export function readCounters(save: string, family: 4 | 6): Record<string, string> {
  const counters: Record<string, string> = {};
  const places = new Map<string, number>();
  let table = '';
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1);
    const chain = /^:(\S+) (\S+) \[(\d+:\d+)\]/.exec(line);
    if (chain && chain[2] !== '-') counters[`${family} ${table} ${chain[1]} policy`] = chain[3] ?? '';
    const rule = /^\[(\d+:\d+)\] -A (\S+)/.exec(line);
    if (!rule) continue;
    const key = `${family} ${table} ${rule[2]}`;
    const place = (places.get(key) ?? 0) + 1;
    places.set(key, place);
    counters[`${key} ${place}`] = rule[1] ?? '';
  }
  return counters;
}

interface CounterItem {
  readonly family: string;
  readonly table: string;
  readonly chain?: string;
  readonly name?: string;
  readonly packets?: number;
  readonly bytes?: number;
  readonly expr?: readonly { readonly counter?: unknown }[];
}

/** `nft -j list ruleset`: `inet mine input 2`, `inet mine counter NAME`; tables of iptables are read from its own text. */
export function readNftCounters(json: string): Record<string, string> {
  const counters: Record<string, string> = {};
  const places = new Map<string, number>();
  const { nftables } = JSON.parse(json) as { nftables: Record<string, CounterItem>[] };
  const isOther = ({ family, table }: CounterItem) =>
    table === PROBE_TABLE || ((family === 'ip' || family === 'ip6') && TABLES.some((name) => name === table));
  for (const { rule, counter: named } of nftables) {
    if ((named && isOther(named)) || (rule && isOther(rule))) continue;
    if (named) counters[`${named.family} ${named.table} counter ${named.name}`] = pair(named);
    if (!rule) continue;
    const chain = `${rule.family} ${rule.table} ${rule.chain}`;
    const place = (places.get(chain) ?? 0) + 1;
    places.set(chain, place);
    const counter = rule.expr?.find(
      (each) => typeof each.counter === 'object' && each.counter !== null,
    )?.counter;
    if (counter && 'packets' in (counter as object))
      counters[`${chain} ${place}`] = pair(counter as CounterItem);
  }
  return counters;
}

function pair({ packets = 0, bytes = 0 }: Pick<CounterItem, 'packets' | 'bytes'>): string {
  return `${packets}:${bytes}`;
}

/** The same of what the model counted. */
export function modelNftCounters(
  rules: readonly NftCount[],
  objects: readonly NftObjectCount[],
): Record<string, string> {
  return Object.fromEntries([
    ...rules.map((each) => [`${each.family} ${each.table} ${each.chain} ${each.number}`, pair(each)]),
    ...objects.map((each) => [`${each.family} ${each.table} counter ${each.name}`, pair(each)]),
  ]);
}
