/** An nft ruleset for reading: a chain after the other, its rules numbered, then the sets. */
import { printable } from '../../../base/printable.ts';
import { type PrintContext, printRule } from '../../../nft/print/rule.ts';
import { printSet } from '../../../nft/print/set.ts';
import type { NftChain, NftRuleset, NftTable } from '../../../nft/ruleset.ts';
import type { Style } from '../style.ts';
import { padStart } from '../width.ts';

export function nftLines({ tables }: NftRuleset, style: Style): string[] {
  const lines = tables.flatMap((table) => tableLines(table, style));
  return lines.length === 0 ? [style.dim('  (no tables)')] : lines;
}

function tableLines(table: NftTable, style: Style): string[] {
  const chains = new Map(table.chains.map((chain) => [chain.name, chain]));
  const ctx: PrintContext = { family: table.family, chains, stateful: true };
  const place = `${table.family} ${printable(table.name)}`;
  const note = table.iptables ? style.dim('  made by iptables-nft') : '';
  const dormant = table.flags.includes('dormant') ? ' (dormant)' : '';
  const own = [
    ...table.chains.flatMap((chain) => chainLines(chain, `${place}${dormant}`, note, ctx, style)),
    ...table.sets.flatMap((set) =>
      printSet(set, ctx)
        .trimEnd()
        .split('\n')
        .map((line, i) => {
          const text = printable(line.replace(/^\t/, '').replace(/\t/g, '  '));
          return i === 0 ? `  ${style.bold(place)} ${text}` : `  ${text}`;
        }),
    ),
  ];
  return own.length === 0 ? [`  ${style.bold(place)}${dormant}${note}`] : own;
}

function chainLines(
  { name, base, rules }: NftChain,
  place: string,
  note: string,
  ctx: PrintContext,
  style: Style,
): string[] {
  const on = base?.devices.length ? ` device ${printable(base.devices.join(', '))}` : '';
  const hook = base ? ` ${base.type} ${base.hook}${on} priority ${base.priority} policy ${base.policy}` : '';
  const size = String(rules.length).length;
  return [
    `  ${style.bold(`${place} ${printable(name)}`)}${hook}${note}`,
    ...rules.flatMap((rule, index) =>
      printRule(rule, ctx)
        .split('\n')
        .map((line, i) => {
          const text = printable(line.replace(/\t/g, '  '));
          return i === 0
            ? `  ${padStart(String(index + 1), size + 2)}  ${text}`
            : `  ${' '.repeat(size)}${text}`;
        }),
    ),
  ];
}
