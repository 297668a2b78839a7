/** Rules of iptables-save -c, line by line: thousands of them are counted again every few seconds, and few are looked at. */
import type { NftFamily } from '../nft/ruleset.ts';
import { BUILTIN_CHAINS, type Hook, TABLES, type TableName } from '../xtables/rule.ts';
import {
  type ChainForm,
  countersByLine,
  type RuleCounters,
  type RuleForm,
  type RuleTool,
} from './rule-file.ts';

/** The place of a rule's or policy's counters is its line, from 0. */
export function saveForm(text: string, family: NftFamily, by: RuleTool): RuleForm {
  const lines = text.split('\n');
  const chains = new Map<string, Draft>();
  let table: TableName | undefined;
  lines.forEach((line, at) => {
    if (line.startsWith('*')) table = TABLES.find((name) => name === line.slice(1).trim());
    if (table === undefined) return;
    const [, chain, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (chain !== undefined) {
      const draft = draftOf(chains, table, chain);
      if (policy !== '-') Object.assign(draft, { policy, policySlot: at });
    }
    const [, of] = RULE.exec(line) ?? [];
    if (of === undefined) return;
    const draft = draftOf(chains, table, of);
    draft.slots.push(at);
    const target = jumpOf(line);
    if (target !== undefined) draft.jumps.add(target);
  });
  return {
    chains: [...chains.values()].map((draft) => chainOf(draft, lines, family, by)),
    slots: lines.length,
  };
}

interface Draft {
  readonly table: TableName;
  readonly chain: string;
  policy?: string;
  policySlot?: number;
  readonly slots: number[];
  readonly jumps: Set<string>;
}

/** `[12:3456] -A FORWARD -i br0 -j ACCEPT` */
const RULE = /^(?:\[\d+:\d+\] )?-A (\S+)/;
const COUNTED = /^(?::\S+ \S+ )?\[(\d+):(\d+)\]/;
const QUOTED = /"(?:[^"\\]|\\.)*"/g;

function draftOf(chains: Map<string, Draft>, table: TableName, chain: string): Draft {
  const key = `${table} ${chain}`;
  const draft = chains.get(key) ?? { table, chain, slots: [], jumps: new Set<string>() };
  chains.set(key, draft);
  return draft;
}

/** What is jumped to, or the verdict: no chain has the name of one. */
function jumpOf(line: string): string | undefined {
  const bare = line.includes('"') ? line.replace(QUOTED, '""') : line;
  return / -[jg] (\S+)/.exec(bare)?.[1];
}

function chainOf(
  { table, chain, policy, policySlot, slots, jumps }: Draft,
  lines: readonly string[],
  family: NftFamily,
  by: RuleTool,
): ChainForm {
  const hook = BUILTIN_CHAINS[table].find((name) => name === chain);
  return {
    family,
    by,
    table,
    chain,
    ...(hook && { hook: hook.toLowerCase(), priority: priorityOf(table, hook) }),
    ...(policy !== undefined && policySlot !== undefined && { policy, policySlot }),
    slots,
    jumps: [...jumps],
    textOf: (rule) => specOf(lines[slots[rule] ?? -1] ?? ''),
  };
}

/** Without counters and `-A CHAIN`: what matches all and does nothing is empty. */
function specOf(line: string): string {
  return line.replace(/^(?:\[\d+:\d+\] )?-A \S+ ?/, '');
}

/** NF_IP_PRI_* of linux/netfilter_ipv4.h. */
function priorityOf(table: TableName, hook: Hook): number {
  if (table === 'nat') return hook === 'POSTROUTING' || hook === 'INPUT' ? 100 : -100;
  return { raw: -300, mangle: -150, filter: 0, security: 50 }[table];
}

/** Of the same rules, read again. */
export function saveCounters(text: string, { slots }: RuleForm): RuleCounters {
  return countersByLine(text, slots, COUNTED);
}
