/** `iptables-save -c` of what the model counted. */
import { printRule } from '../../xtables/print.ts';
import type { Counters } from '../../xtables/rule.ts';
import type { Tables } from './tables.ts';

/** Every ruleset in turn, in its own order of tables and chains; the rules as the kernel gives them back, however the dump wrote them. */
export function printCounters(tables: Tables): string {
  const lines: string[] = [];
  const hits = tables.ruleCounters;
  let rule = 0;
  for (const ruleset of tables.rulesets) {
    for (const table of ruleset.tables.values()) {
      lines.push(`*${table.name}`);
      for (const chain of table.chains.values()) {
        const counters = chain.policy === undefined ? undefined : tables.policyCounters.get(chain);
        lines.push(`:${chain.name} ${chain.policy ?? '-'} ${bracket(counters)}`);
      }
      for (const chain of table.chains.values()) {
        for (const each of chain.rules) {
          const counters = { packets: hits.packets(rule), bytes: hits.bytes(rule++) };
          lines.push(`${bracket(counters)} ${printRule(each, ruleset.family, chain.name)}`);
        }
      }
      lines.push('COMMIT');
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function bracket(counters: Counters | undefined): string {
  return `[${counters?.packets ?? 0}:${counters?.bytes ?? 0}]`;
}
