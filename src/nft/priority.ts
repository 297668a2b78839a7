/** Priorities of base chains by name (nft(8), "Standard priority names"; std_prios of src/rule.c). */
import { wordTable } from '../base/word-table.ts';
import type { NftFamily, NftHook } from './ruleset.ts';

interface Named {
  readonly value: number;
  /** Absent: at every hook. */
  readonly hook?: NftHook;
}

const INET = wordTable<Named>({
  raw: { value: -300 },
  mangle: { value: -150 },
  dstnat: { value: -100, hook: 'prerouting' },
  filter: { value: 0 },
  security: { value: 50 },
  srcnat: { value: 100, hook: 'postrouting' },
});
const BRIDGE = wordTable<Named>({
  dstnat: { value: -300, hook: 'prerouting' },
  filter: { value: -200 },
  out: { value: 100, hook: 'output' },
  srcnat: { value: 300, hook: 'postrouting' },
});
const FILTER_ONLY = wordTable<Named>({ filter: { value: 0 } });

function names(family: NftFamily): Readonly<Record<string, Named>> {
  if (family === 'bridge') return BRIDGE;
  return family === 'arp' || family === 'netdev' ? FILTER_ONLY : INET;
}

export function priorityOf(name: string, family: NftFamily): number | undefined {
  const known = names(family);
  return Object.hasOwn(known, name) ? known[name]?.value : undefined;
}

/** `filter`, `dstnat - 5`: names serve for what is at most ten away. */
export function printPriority(priority: number, family: NftFamily, hook: NftHook): string {
  for (const [name, { value, hook: only }] of Object.entries(names(family))) {
    const offset = priority - value;
    if (Math.abs(offset) > 10 || (only !== undefined && only !== hook)) continue;
    if (offset === 0) return name;
    return `${name} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`;
  }
  return String(priority);
}
